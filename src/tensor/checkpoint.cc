#include "tensor/checkpoint.h"

#include <algorithm>
#include <system_error>

#include "tensor/checkpoint_reader.h"
#include "tensor/error_context.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

/// The last component of `folder`, also for "models/llama/" and ".".
std::string folder_name(const fs::path& folder) {
  std::error_code error;
  fs::path normal = fs::absolute(folder, error).lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  return normal.filename().string();
}

Result<> open_folder(CheckpointReader& reader, const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "config.json", error)) return reader.open_hf(folder);
  return reader.open_gguf_folder(folder);
}

}  // namespace

Result<Checkpoint> Checkpoint::open(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return fail(ErrorCode::kNotFound, "{}: no such file or folder", path.string());
  if (error) return fail(ErrorCode::kIo, "{}: {}", path.string(), error.message());
  CheckpointReader reader;
  if (fs::is_directory(status)) {
    LOCI_TRY_VOID(open_folder(reader, path));
    reader.checkpoint.name_ = folder_name(path);
  } else {
    LOCI_TRY_VOID(reader.open_gguf(path));
    reader.checkpoint.name_ = parse_gguf_file_name(path).stem;
  }
  return std::move(reader.checkpoint);
}

Result<Checkpoint> Checkpoint::from_gguf_image(std::span<const std::byte> image, std::string name) {
  CheckpointReader reader;
  LOCI_TRY_VOID(in_file(name, reader.add_gguf_image(image)));
  reader.checkpoint.name_ = std::move(name);
  return std::move(reader.checkpoint);
}

const Tensor* Checkpoint::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

std::size_t Checkpoint::weight_bytes() const {
  std::size_t total = 0;
  for (const auto& [name, tensor] : tensors_) total += tensor.size_bytes();
  return total;
}

Result<TensorBytes> Checkpoint::read(const Tensor& tensor, WorkerPool& pool) const {
  const auto parted = parted_.find(tensor.name);
  if (parted == parted_.end()) return TensorBytes{.made = {}, .bytes = tensor.bytes};
  TensorBytes read{.made = std::vector<std::byte>(tensor.size_bytes()), .bytes = {}};
  LOCI_TRY_VOID(assemble(parted->second, pool, read.made));
  read.bytes = read.made;
  return read;
}

void Checkpoint::release(const Tensor& tensor) const {
  if (const auto parted = parted_.find(tensor.name); parted != parted_.end()) {
    const PartedWeight& weight = parted->second;
    release_bytes(weight.codes.bytes);
    release_bytes(weight.scales.bytes);
    if (weight.zeros) release_bytes(weight.zeros->bytes);
    return;
  }
  release_bytes(tensor.bytes);
}

void Checkpoint::release_bytes(std::span<const std::byte> window) const {
  const std::less_equal<const std::byte*> not_after;
  for (const MappedFile& file : files_) {
    const auto bytes = file.bytes();
    if (not_after(bytes.data(), window.data()) &&
        not_after(window.data() + window.size(), bytes.data() + bytes.size()))
      return file.release(window);
  }
}

Result<std::span<const std::byte>> CheckpointReader::map(const fs::path& file) {
  LOCI_TRY(auto mapped, MappedFile::open(file));
  return checkpoint.files_.emplace_back(std::move(mapped)).bytes();
}

Result<> CheckpointReader::add_tensors(std::vector<Tensor> tensors, const fs::path& file) {
  for (Tensor& tensor : tensors) {
    std::string name = tensor.name;
    if (!checkpoint.tensors_.try_emplace(std::move(name), std::move(tensor)).second)
      return in_file(
          file.string(),
          in_part("tensor", tensor.name, fail(ErrorCode::kCorrupt, "is in another file of the model too")));
  }
  return {};
}

Result<std::vector<fs::path>> files_with_extension(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code not_a_file;
    if (entries->path().extension() == extension && entries->is_regular_file(not_a_file))
      files.push_back(entries->path());
  }
  if (error) return fail(ErrorCode::kIo, "{}: cannot list: {}", folder.string(), error.message());
  std::ranges::sort(files);
  return files;
}

}  // namespace loci
