#include "cli/batch_output.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include "server/batch/batch_line.h"

namespace loci::cli {
namespace {

std::unexpected<Error> io_error(const std::string& path) {
  return fail(ErrorCode::kIo, "{}: {}", path, std::strerror(errno));
}

}  // namespace

Result<BatchOutput> BatchOutput::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) return io_error(path);
  BatchOutput output(path, file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::kResourceExhausted, "{}: another run is writing it", path);
  LOCI_TRY_VOID(output.read());
  return output;
}

BatchOutput::BatchOutput(BatchOutput&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      ids_(std::move(other.ids_)),
      numbers_(std::move(other.numbers_)),
      found_(other.found_) {}

BatchOutput::~BatchOutput() {
  if (file_ >= 0) ::close(file_);
}

Result<> BatchOutput::read() {
  std::string text;  // from the first line on that has not been taken
  std::int64_t number = 0, whole = 0;
  std::string buffer(std::size_t{1} << 20, '\0');
  for (;;) {
    const ssize_t got = ::read(file_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(path_);
    if (got == 0) break;
    text.append(buffer, 0, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      LOCI_TRY_VOID(take_line(std::string_view(text).substr(begin, end - begin), ++number));
    whole += static_cast<std::int64_t>(begin);
    text.erase(0, begin);
  }
  if (text.empty()) return {};
  // What a run that was ended left of its last line. A file that never had a whole one is somebody else's.
  if (whole == 0 && !text.starts_with("{\"id\":\"batch_req_"))
    return fail(ErrorCode::kCorrupt, "{}: this is no file of a batch's answers", path_);
  if (::ftruncate(file_, whole) != 0) return io_error(path_);
  return {};
}

Result<> BatchOutput::take_line(std::string_view line, std::int64_t number) {
  auto answered = parse_answered_line(line);
  if (!answered) return std::unexpected(std::move(answered).error().in(fmt::format("{}:{}", path_, number)));
  ++found_;
  if (answered->custom_id) {
    ids_.insert(std::move(*answered->custom_id));
  } else {
    numbers_.insert(answered->number);
  }
  return {};
}

Result<> BatchOutput::append(const std::string& line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error(path_);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> BatchOutput::flush() {
  if (::fsync(file_) != 0 && errno != EINVAL && errno != EROFS) return io_error(path_);  // a pipe cannot
  return {};
}

}  // namespace loci::cli
