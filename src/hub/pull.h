// `loci pull`: list, choose, lock, check the room on the disk, download what is missing, verify.
#pragma once

#include <filesystem>

#include "hub/download.h"
#include "hub/file_choice.h"

namespace loci {

struct PullOptions {
  Repository repository;
  std::filesystem::path folder;  // that gets the files
  HubConnection connection;
  RetryPolicy retry{};
};

struct PullProgress {
  std::string_view file;
  std::uint64_t file_bytes = 0, file_size = 0;  // size 0: not known
  std::uint64_t total_bytes = 0,
                total_size = 0;  // of all chosen files; bytes on the disk, resumed ones included
};

/// Told what happens, on the caller's thread. `on_progress` comes with each piece that arrives.
class PullObserver {
 public:
  virtual ~PullObserver() = default;
  virtual void note(std::string_view line) = 0;
  virtual void on_progress(const PullProgress& progress) = 0;
  virtual void file_done(const PullProgress& progress) = 0;
};

struct Pulled {
  std::filesystem::path model;  // what to load: a GGUF file or the folder
  std::size_t files = 0, downloaded = 0;
  std::uint64_t bytes = 0;  // of all files
};

/// Afterwards all chosen files are in the folder, complete and verified. After an error, what came stays
/// there and the next pull goes on from it.
Result<Pulled> pull(const PullOptions& options, PullObserver& observer);

}  // namespace loci
