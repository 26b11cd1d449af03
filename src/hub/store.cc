#include "hub/store.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mapped_file.h"
#include "hub/file_choice.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecordName = ".loci-pull.json";
constexpr const char* kLockName = ".loci-pull.lock";
constexpr std::size_t kMaxRecordBytes = std::size_t{16} << 20;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

fs::path default_store() {
  if (const std::string cache = environment("XDG_CACHE_HOME"); cache.starts_with('/'))
    return fs::path(cache) / "loci" / "models";
  return fs::path(environment("HOME")) / ".cache" / "loci" / "models";
}

fs::path model_folder(const fs::path& store, const ModelName& name) {
  return store / name.org / name.name;
}

Result<PullRecord> read_record(const fs::path& folder) {
  const fs::path path = folder / kRecordName;
  if (!fs::exists(path)) return PullRecord{};
  LOCI_TRY(const std::string text, read_text_file(path, kMaxRecordBytes));
  const auto value = parse_json(text);
  const json::value* files = value && value->is_object() ? find_field(value->get_object(), "files") : nullptr;
  if (files == nullptr || !files->is_object())
    return fail(ErrorCode::kCorrupt, "{} is not the record of a pull; delete it and pull again",
                path.string());
  PullRecord record;
  for (const auto& [name, checksum] : files->get_object()) {
    if (!is_safe_path(name) || !checksum.is_string())
      return fail(ErrorCode::kCorrupt, "{}: '{}' is no entry of a pull; delete the file and pull again",
                  path.string(), std::string_view(name).substr(0, 256));
    record[name] = checksum.get_string();
  }
  return record;
}

Result<> write_record(const fs::path& folder, const PullRecord& record) {
  json::object files;
  for (const auto& [name, checksum] : record) files[name] = checksum;
  const fs::path path = folder / kRecordName, unfinished = folder / (std::string(kRecordName) + ".part");
  std::ofstream out(unfinished, std::ios::binary);
  out << json::serialize(json::object{{"files", std::move(files)}}) << '\n';
  out.close();
  std::error_code error;
  if (out) fs::rename(unfinished, path, error);
  if (!out || error) return fail(ErrorCode::kIo, "cannot write {}", path.string());
  return {};
}

Result<fs::path> find_pulled(const fs::path& store, const ModelName& name) {
  const fs::path folder = model_folder(store, name);
  LOCI_TRY(const PullRecord record, read_record(folder));
  if (record.empty())
    return fail(ErrorCode::kNotFound, "{} is not pulled: run `loci pull {}`", name.repo(), name.text());
  std::vector<std::string> names;
  for (const auto& [file, checksum] : record) names.push_back(file);
  const auto choice = choose_files(names, name.quant);
  if (!choice)
    return fail(ErrorCode::kNotFound, "{} in {}: {}; `loci pull {}` may get it", name.text(), folder.string(),
                choice.error().message, name.text());
  for (const std::string& file : choice->files)
    if (!fs::exists(folder / file))
      return fail(ErrorCode::kNotFound,
                  "{}: {} is missing, the pull was not finished: run `loci pull {}` again", name.text(), file,
                  name.text());
  return choice->model.empty() ? folder : folder / choice->model;
}

Result<FolderLock> FolderLock::open(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(ErrorCode::kIo, "cannot make {}: {}", folder.string(), error.message());
  const int descriptor = ::open((folder / kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return fail(ErrorCode::kIo, "cannot open {}: {}", (folder / kLockName).string(), std::strerror(errno));
  return FolderLock(descriptor);
}

Result<bool> FolderLock::try_lock() {
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return fail(ErrorCode::kIo, "cannot lock the model's folder: {}", std::strerror(errno));
}

Result<> FolderLock::lock() {
  while (::flock(descriptor_, LOCK_EX) != 0)
    if (errno != EINTR)
      return fail(ErrorCode::kIo, "cannot lock the model's folder: {}", std::strerror(errno));
  return {};
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);  // and with it the lock
}

}  // namespace loci
