// Runs the program as a user does: arguments in; exit status, standard output and standard error out.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "testing/files.h"

namespace loci::testing {

/// A running program whose output goes to files. Killed at the end if it still runs.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments, const std::string& input = "") {
    write_file(folder_ / "in", input);
    arguments.insert(arguments.begin(), LOCI_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const auto in = folder_ / "in", out = folder_ / "out", err = folder_ / "err";
    pid_ = ::fork();
    if (pid_ != 0) return;
    redirect(in.c_str(), O_RDONLY, STDIN_FILENO);
    redirect(out.c_str(), O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(err.c_str(), O_WRONLY | O_CREAT, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// The exit status; minus the signal that ended it.
  int wait() {
    if (pid_ > 0) ::waitpid(pid_, &status_, 0);
    pid_ = -1;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  bool running() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
  }
  /// Nothing once it has ended: a pid of -1 would mean every process.
  void signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  pid_t pid() const { return pid_; }

  std::string out() const { return read_file(folder_ / "out"); }
  std::string err() const { return read_file(folder_ / "err"); }

 private:
  static void redirect(const char* path, int flags, int to) {
    const int file = ::open(path, flags, 0600);
    ::dup2(file, to);
    ::close(file);
  }

  TemporaryFolder folder_;
  pid_t pid_ = -1;
  int status_ = 0;
};

struct Finished {
  int status;
  std::string out, err;
};

inline Finished run_program(std::vector<std::string> arguments, const std::string& input = "") {
  Process process(std::move(arguments), input);
  const int status = process.wait();
  return {status, process.out(), process.err()};
}

}  // namespace loci::testing
