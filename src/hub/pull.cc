#include "hub/pull.h"

#include <algorithm>
#include <limits>

#include "hub/store.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSpareBytes = std::uint64_t{16} << 20;  // that stay free on the disk

std::string gigabytes(std::uint64_t bytes) {
  return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
}

class Pull {
 public:
  Pull(const PullOptions& options, HttpClient client, PullObserver& observer)
      : options_(options), client_(std::move(client)), observer_(observer) {
    events_.note = [this](std::string_view line) { observer_.note(line); };
  }

  Result<Pulled> run();

 private:
  Result<> choose();
  Result<> find_missing();
  Result<> check_room() const;
  Result<> fetch(const RemoteFile& file);
  Result<bool> is_here(const RemoteFile& file) const;

  const PullOptions& options_;
  HttpClient client_;
  PullObserver& observer_;
  DownloadEvents events_;
  FileChoice choice_;
  std::vector<RemoteFile> wanted_;
  PullRecord before_;          // what earlier pulls left in the folder
  std::vector<bool> missing_;  // of wanted_
  PullProgress progress_;
};

Result<> Pull::choose() {
  const Repository& repository = options_.repository;
  LOCI_TRY(std::vector<RemoteFile> files,
           with_retries(options_.retry, events_, [&] { return list_files(client_, repository); }));
  std::vector<std::string> paths;
  for (const RemoteFile& file : files) paths.push_back(file.path);
  auto choice = choose_files(paths, repository.model.quant);
  if (!choice) return std::unexpected(std::move(choice).error().in(repository.model.repo()));
  choice_ = std::move(*choice);
  for (RemoteFile& file : files)
    if (std::ranges::find(choice_.files, file.path) != choice_.files.end())
      wanted_.push_back(std::move(file));
  std::ranges::sort(wanted_, {}, &RemoteFile::path);
  if (choice_.preferred)
    observer_.note(
        fmt::format("{} has several quantizations: taking {}", repository.model.repo(), choice_.quant));
  return {};
}

/// Hashing a file of an earlier pull again would take minutes; one that the record does not know is hashed.
Result<bool> Pull::is_here(const RemoteFile& file) const {
  const auto known = before_.find(file.path);
  const bool same = known != before_.end() && known->second == file.checksum();
  RemoteFile to_check = file;
  if (same) to_check.sha256.clear(), to_check.git_sha1.clear();
  return is_complete(options_.folder, to_check);
}

/// Splits off what is missing. A file that has changed on the hub goes now: the record, which is written
/// next, says what each file under a final name is.
Result<> Pull::find_missing() {
  for (const RemoteFile& file : wanted_) {
    LOCI_TRY(const bool here, is_here(file));
    missing_.push_back(!here);
    if (here) continue;
    std::error_code error;
    fs::remove(options_.folder / file.path, error);
    if (error)
      return fail(ErrorCode::kIo, "cannot replace {}: {}", (options_.folder / file.path).string(),
                  error.message());
  }
  return {};
}

Result<> Pull::check_room() const {
  std::uint64_t needed = 0;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (!missing_[i]) continue;
    const std::uint64_t size = wanted_[i].size.value_or(0);
    const std::uint64_t rest = size - std::min(size, bytes_in_part(options_.folder, wanted_[i]));
    needed += std::min(rest, std::numeric_limits<std::uint64_t>::max() - needed);
  }
  std::error_code error;
  const fs::space_info space = fs::space(options_.folder, error);
  if (error || needed == 0 || (needed <= space.available && space.available - needed >= kSpareBytes))
    return {};
  return fail(ErrorCode::kResourceExhausted, "{}: {} are needed in {}, {} are free",
              options_.repository.model.repo(), gigabytes(needed), options_.folder.string(),
              gigabytes(space.available));
}

Result<> Pull::fetch(const RemoteFile& file) {
  const std::uint64_t before = progress_.total_bytes;
  progress_.file = file.path;
  progress_.file_size = file.size.value_or(0);
  events_.on_disk = [this, before](std::uint64_t bytes) {
    progress_.file_bytes = bytes;
    progress_.total_bytes = before + bytes;
    observer_.on_progress(progress_);
  };
  if (file.checksum().empty()) observer_.note(file.path + ": the hub gives no checksum, so none is verified");
  LOCI_TRY_VOID(download_file(client_, options_.repository, file, options_.folder, options_.retry, events_));
  observer_.file_done(progress_);
  return {};
}

Result<Pulled> Pull::run() {
  LOCI_TRY_VOID(choose());
  LOCI_TRY(const FolderLock lock, FolderLock::acquire(options_.folder, [this] {
             observer_.note(
                 fmt::format("another process pulls into {}: waiting for it", options_.folder.string()));
           }));
  LOCI_TRY(before_, read_record(options_.folder));
  LOCI_TRY_VOID(find_missing());
  LOCI_TRY_VOID(check_room());
  PullRecord record = before_;
  for (const RemoteFile& file : wanted_) {
    record[file.path] = file.checksum();
    progress_.total_size += file.size.value_or(0);
  }
  LOCI_TRY_VOID(write_record(options_.folder, record));
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (missing_[i]) {
      LOCI_TRY_VOID(fetch(wanted_[i]));
    } else {
      progress_.total_bytes += wanted_[i].size.value_or(0);
    }
  }
  return Pulled{choice_.model.empty() ? options_.folder : options_.folder / choice_.model, wanted_.size(),
                static_cast<std::size_t>(std::ranges::count(missing_, true)), progress_.total_bytes};
}

}  // namespace

Result<Pulled> pull(const PullOptions& options, PullObserver& observer) {
  LOCI_TRY(HttpClient client, HttpClient::create(options.connection));
  return Pull(options, std::move(client), observer).run();
}

}  // namespace loci
