#include "lab/process.h"

#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/mapped_file.h"

namespace loci::lab {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(2);
constexpr std::size_t kMaxOutput = std::size_t{64} << 20;

class SpawnActions {
 public:
  explicit SpawnActions(const Process::Files& files) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, files.out.c_str(), kFlags, 0600);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, files.err.c_str(), kFlags, 0600);
  }
  SpawnActions(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

Result<ScratchFolder> ScratchFolder::make() {
  std::error_code error;
  const auto parent = std::filesystem::temp_directory_path(error);
  if (error) return fail(ErrorCode::kIo, "there is no folder for temporary files: {}", error.message());
  std::string name = (parent / "loci-claim-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return fail(ErrorCode::kIo, "{}: cannot make a folder: {}", name, std::strerror(errno));
  return ScratchFolder(name);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<Process> Process::start(const std::filesystem::path& program,
                               const std::vector<std::string>& arguments, const Files& files) {
  std::string name = program.string();
  std::vector<std::string> words = arguments;
  std::vector<char*> argv{name.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t id = 0;
  const SpawnActions actions(files);
  if (const int error = ::posix_spawn(&id, name.c_str(), actions.get(), nullptr, argv.data(), environ);
      error != 0)
    return fail(ErrorCode::kIo, "{}: cannot be run: {}", name, std::strerror(error));
  return Process(id, files);
}

Process::Process(Process&& other) noexcept
    : id_(std::exchange(other.id_, 0)),
      ended_(other.ended_),
      status_(other.status_),
      files_(std::move(other.files_)) {}

Process::~Process() {
  if (id_ == 0 || ended_) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

bool Process::running() {
  if (ended_) return false;
  int status = 0;
  if (::waitpid(id_, &status, WNOHANG) != id_) return true;
  ended_ = true;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return false;
}

bool Process::wait(Duration limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (running()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

void Process::signal(int number) const {
  if (!ended_) ::kill(id_, number);
}

std::string last_line(const std::filesystem::path& file) {
  std::string text = read_text_file(file, kMaxOutput).value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace loci::lab
