// GGUF checkpoints: one file, or the parts "name-00001-of-00003.gguf" of a split one. Every part says in its
// metadata which it is (split.no, from 0), of how many (split.count), and how many tensors all parts hold
// (split.tensors.count); the model's own metadata is that of the first part.
#include <algorithm>

#include "tensor/checkpoint_reader.h"
#include "tensor/error_context.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSplitNo = "split.no", kSplitCount = "split.count",
                           kSplitTensors = "split.tensors.count";

fs::path part_path(const fs::path& folder, const std::string& stem, int part, int parts) {
  return folder / fmt::format("{}-{:05}-of-{:05}.gguf", stem, part, parts);
}

/// Name and metadata of a file must tell the same part and the same number of parts.
Result<> check_split_keys(const GgufMetadata& metadata, int part, int parts) {
  LOCI_TRY(const auto count, metadata.get_or<std::int64_t>(kSplitCount, 1));
  if (count != parts)
    return in_part(
        "metadata key", kSplitCount,
        fail(ErrorCode::kCorrupt, "is {}, but the file's name makes it part {} of {}", count, part, parts));
  LOCI_TRY(const auto number, metadata.get_or<std::int64_t>(kSplitNo, 0));
  if (number != part - 1)
    return in_part("metadata key", kSplitNo,
                   fail(ErrorCode::kCorrupt, "is {}, but part {} has number {}", number, part, part - 1));
  return {};
}

}  // namespace

GgufFileName parse_gguf_file_name(const fs::path& file) {
  constexpr std::string_view kPattern = "-00001-of-00003";  // 0 to 3 stand for any digit
  const std::string stem = file.stem().string();
  if (stem.size() <= kPattern.size()) return {.stem = stem};
  const std::string suffix = stem.substr(stem.size() - kPattern.size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::ranges::equal(suffix, kPattern,
                          [&](char c, char p) { return is_digit(p) ? is_digit(c) : c == p; }))
    return {.stem = stem};
  const int part = std::stoi(suffix.substr(1, 5)), parts = std::stoi(suffix.substr(10, 5));
  if (part < 1 || part > parts) return {.stem = stem};
  return {.stem = stem.substr(0, stem.size() - kPattern.size()), .part = part, .parts = parts};
}

Result<> CheckpointReader::add_gguf_image(std::span<const std::byte> image) {
  LOCI_TRY(auto file, parse_gguf(image));
  LOCI_TRY_VOID(check_split_keys(file.metadata, 1, 1));
  checkpoint.gguf_ = std::move(file.metadata);
  return add_tensors(std::move(file.tensors), "");
}

Result<> CheckpointReader::open_gguf(const fs::path& file) {
  const GgufFileName name = parse_gguf_file_name(file);
  if (name.part != 1)
    return fail(ErrorCode::kInvalidArgument, "{}: part {} of a split model; open its first part, {}",
                file.string(), name.part, part_path("", name.stem, 1, name.parts).string());
  LOCI_TRY_VOID(add_gguf_part(file, 1, name.parts));
  for (int part = 2; part <= name.parts; ++part)
    LOCI_TRY_VOID(
        add_gguf_part(part_path(file.parent_path(), name.stem, part, name.parts), part, name.parts));
  return check_split_total(file);
}

Result<> CheckpointReader::add_gguf_part(const fs::path& file, int part, int parts) {
  LOCI_TRY(const auto bytes, map(file));
  LOCI_TRY(auto parsed, in_file(file.string(), parse_gguf(bytes)));
  LOCI_TRY_VOID(in_file(file.string(), check_split_keys(parsed.metadata, part, parts)));
  if (part == 1) checkpoint.gguf_ = std::move(parsed.metadata);
  return add_tensors(std::move(parsed.tensors), file);
}

Result<> CheckpointReader::check_split_total(const fs::path& first) const {
  const auto here = static_cast<std::int64_t>(checkpoint.tensors_.size());
  LOCI_TRY(const auto total,
           in_file(first.string(), checkpoint.gguf_->get_or<std::int64_t>(kSplitTensors, here)));
  if (total == here) return {};
  return in_file(first.string(),
                 in_part("metadata key", kSplitTensors,
                         fail(ErrorCode::kCorrupt, "is {}, but the parts hold {} tensors", total, here)));
}

Result<> CheckpointReader::open_gguf_folder(const fs::path& folder) {
  LOCI_TRY(const auto files, files_with_extension(folder, ".gguf"));
  if (files.empty())
    return fail(ErrorCode::kNotFound, "{}: neither a config.json nor a .gguf file in this folder",
                folder.string());
  const GgufFileName first = parse_gguf_file_name(files.front());
  const auto same_model = [&](const fs::path& file) {
    const GgufFileName name = parse_gguf_file_name(file);
    return name.stem == first.stem && name.parts == first.parts && first.parts > 1;
  };
  if (files.size() > 1 && !std::ranges::all_of(files, same_model))
    return fail(ErrorCode::kInvalidArgument, "{}: {} .gguf files in this folder; name the one to open",
                folder.string(), files.size());
  return open_gguf(first.parts > 1 ? part_path(folder, first.stem, 1, first.parts) : files.front());
}

}  // namespace loci
