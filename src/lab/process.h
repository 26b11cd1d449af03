// A program as a child process whose output goes to files: so it never waits for whoever reads it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace loci::lab {

/// A folder for the files of one run; removed with all in it.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  ~ScratchFolder();
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class Process {
 public:
  struct Files {
    std::filesystem::path out, err;
  };

  static Result<Process> start(const std::filesystem::path& program,
                               const std::vector<std::string>& arguments, const Files& files);
  Process(Process&& other) noexcept;
  /// Kills what still runs, and waits for its end.
  ~Process();

  int id() const { return id_; }
  bool running();
  /// Waits for the end, at most `limit`; false where it still runs then.
  bool wait(Duration limit);
  void signal(int number) const;
  /// Exit status, or 128 + the signal that ended it; only after the end.
  int status() const { return status_; }
  const Files& files() const { return files_; }

 private:
  Process(int id, Files files) : id_(id), files_(std::move(files)) {}
  int id_;
  bool ended_ = false;
  int status_ = 0;
  Files files_;
};

/// The last line that is not empty; what a command says about its failure.
std::string last_line(const std::filesystem::path& file);

}  // namespace loci::lab
