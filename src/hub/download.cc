#include "hub/download.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "hub/digest.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> os_error(const fs::path& path, std::string_view verb) {
  return fail(ErrorCode::kIo, "cannot {} {}: {}", verb, path.string(), std::strerror(errno));
}

fs::path part_path(const fs::path& folder, const RemoteFile& file) {
  const std::string& checksum = file.checksum();
  const std::string id = checksum.empty() ? "unverified" : checksum.substr(0, 12);
  return folder / (file.path + "." + id + ".part");
}

std::optional<Digest> digest_for(const RemoteFile& file) {
  if (!file.sha256.empty()) return Digest::sha256();
  if (!file.git_sha1.empty() && file.size) return Digest::git_blob(*file.size);
  return std::nullopt;
}

/// The first byte of a 206's part, from "bytes FIRST-LAST/TOTAL".
std::optional<std::uint64_t> first_byte(const HubReply& reply) {
  const std::string* range = reply.header("content-range");
  if (range == nullptr || !range->starts_with("bytes ")) return std::nullopt;
  std::uint64_t first = 0;
  const char* end = range->data() + range->size();
  const auto [stop, error] = std::from_chars(range->data() + 6, end, first);
  if (error != std::errc() || stop == end || *stop != '-') return std::nullopt;
  return first;
}

/// The part on the disk, its bytes and their running digest, which move together.
class PartFile {
 public:
  PartFile(fs::path path, const RemoteFile& file) : path_(std::move(path)), file_(file) {}
  PartFile(const PartFile&) = delete;
  ~PartFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  Result<> open();
  Result<> append(std::span<const std::byte> bytes);
  Result<> start_over();
  std::uint64_t size() const { return size_; }

  /// Checks size and checksum, then moves the file to its place.
  Result<> finish(const fs::path& final_path);

 private:
  Result<> digest_what_is_there();

  const fs::path path_;
  const RemoteFile& file_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::optional<Digest> digest_;
};

Result<> PartFile::open() {
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);
  if (error) return fail(ErrorCode::kIo, "cannot make {}: {}", path_.parent_path().string(), error.message());
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) return os_error(path_, "open");
  return digest_what_is_there();
}

Result<> PartFile::digest_what_is_there() {
  digest_ = digest_for(file_);
  if (!digest_) return start_over();
  std::array<std::byte, 1 << 16> buffer;
  for (;;) {
    const ssize_t got = ::read(descriptor_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(path_, "read");
    if (got == 0) break;
    digest_->add(std::span(buffer).first(static_cast<std::size_t>(got)));
    size_ += static_cast<std::uint64_t>(got);
  }
  return file_.size && size_ > *file_.size ? start_over() : Result<>{};
}

Result<> PartFile::start_over() {
  if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0)
    return os_error(path_, "empty");
  digest_ = digest_for(file_);
  size_ = 0;
  return {};
}

Result<> PartFile::append(std::span<const std::byte> bytes) {
  if (file_.size && bytes.size() > *file_.size - size_)
    return fail(ErrorCode::kCorrupt, "{}: the hub sends more than the {} bytes that it lists", file_.path,
                *file_.size);
  if (digest_) digest_->add(bytes);
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return os_error(path_, "write");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    size_ += static_cast<std::uint64_t>(put);
  }
  return {};
}

Result<> PartFile::finish(const fs::path& final_path) {
  const std::string found = digest_ ? digest_->finish() : std::string();
  if (digest_ && found != file_.checksum()) {
    ::unlink(path_.c_str());
    return fail(ErrorCode::kCorrupt,
                "{}: checksum mismatch: expected {}, got {}; the download is deleted, try again", file_.path,
                file_.checksum(), found);
  }
  if (::fsync(descriptor_) != 0) return os_error(path_, "write");
  if (::rename(path_.c_str(), final_path.c_str()) != 0) return os_error(path_, "rename");
  return {};
}

/// A PartFile and the requests that fill it.
class Download {
 public:
  Download(HttpClient& client, const Repository& repository, const RemoteFile& file, PartFile& part,
           const DownloadEvents& events)
      : client_(client), repository_(repository), file_(file), part_(part), events_(events) {}

  /// One request; kUnavailable where more are needed.
  Result<> fetch_rest();

 private:
  Result<> begin(const HubReply& head);

  HttpClient& client_;
  const Repository& repository_;
  const RemoteFile& file_;
  PartFile& part_;
  const DownloadEvents& events_;
};

/// A 206 goes on where the part ends; a 200 sends everything, whatever was asked for.
Result<> Download::begin(const HubReply& head) {
  if (head.status == 200) return part_.size() > 0 ? part_.start_over() : Result<>{};
  if (head.status == 206 && first_byte(head) == part_.size()) return {};
  return fail(ErrorCode::kCorrupt, "{}: asked for bytes from {} on, the hub sends others", file_.path,
              part_.size());
}

Result<> Download::fetch_rest() {
  const HubSink sink{[this](const HubReply& head) { return begin(head); },
                     [this](std::span<const std::byte> bytes) {
                       auto done = part_.append(bytes);
                       events_.on_disk(part_.size());
                       return done;
                     }};
  LOCI_TRY(const HubReply reply, client_.get(file_url(client_, repository_, file_), &sink, part_.size()));
  if (reply.status == 416) {  // no bytes from there on: the part is not what it should be
    LOCI_TRY_VOID(part_.start_over());
    return fail(ErrorCode::kUnavailable, "{}: the hub cannot go on from there", file_.path);
  }
  if (reply.status != 200 && reply.status != 206)
    return std::unexpected(refusal(client_, repository_, reply, file_.path));
  if (file_.size && part_.size() < *file_.size)
    return fail(ErrorCode::kUnavailable, "{}: ended after {} of {} bytes", file_.path, part_.size(),
                *file_.size);
  return {};
}

}  // namespace

void wait_before_retry(const RetryPolicy& policy, const DownloadEvents& events, int failures,
                       const Error& error) {
  const Duration delay =
      std::min(policy.longest_delay, policy.first_delay * (1 << std::min(failures - 1, 10)));
  events.note(fmt::format("{}; trying again in {:.1f} s", error.message, seconds(delay)));
  std::this_thread::sleep_for(delay);
}

Result<bool> is_complete(const fs::path& folder, const RemoteFile& file) {
  const fs::path path = folder / file.path;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || (file.size && size != *file.size)) return false;
  auto digest = digest_for(file);
  if (!digest) return true;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return os_error(path, "open");
  std::array<std::byte, 1 << 16> buffer;
  ssize_t got = 0;
  while ((got = ::read(descriptor, buffer.data(), buffer.size())) > 0)
    digest->add(std::span(buffer).first(static_cast<std::size_t>(got)));
  ::close(descriptor);
  if (got < 0) return os_error(path, "read");
  return digest->finish() == file.checksum();
}

std::uint64_t bytes_in_part(const fs::path& folder, const RemoteFile& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(part_path(folder, file), error);
  return error || file.checksum().empty() ? 0 : size;
}

Result<> download_file(HttpClient& client, const Repository& repository, const RemoteFile& file,
                       const fs::path& folder, const RetryPolicy& policy, const DownloadEvents& events) {
  PartFile part(part_path(folder, file), file);
  LOCI_TRY_VOID(part.open());
  Download download(client, repository, file, part, events);
  std::uint64_t best = part.size();
  for (int failures = 0; !file.size || part.size() < *file.size;) {
    const auto done = download.fetch_rest();
    if (done) break;
    failures = part.size() > best ? 1 : failures + 1;
    best = std::max(best, part.size());
    if (done.error().code != ErrorCode::kUnavailable || failures >= policy.attempts) return done;
    wait_before_retry(policy, events, failures, done.error());
  }
  return part.finish(folder / file.path);
}

}  // namespace loci
