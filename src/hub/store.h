// Where pulled models lie: STORE/org/name/, with the repository's file names and a record of what was pulled.
//
// The record (".loci-pull.json") says which files belong there and their checksums. It is written before the
// first byte is fetched: a file that it names and that is absent means that a pull was not finished.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "hub/repository.h"

namespace loci {

/// $XDG_CACHE_HOME/loci/models, else $HOME/.cache/loci/models.
std::filesystem::path default_store();

std::filesystem::path model_folder(const std::filesystem::path& store, const ModelName& name);

/// Checksums by file name; empty where the hub gave none.
using PullRecord = std::map<std::string, std::string>;

/// Empty where nothing was pulled into `folder`.
Result<PullRecord> read_record(const std::filesystem::path& folder);
Result<> write_record(const std::filesystem::path& folder, const PullRecord& record);

/// What to load for the name: a GGUF file or a folder. kNotFound where it was not pulled, or not to its end;
/// the message says what to run.
Result<std::filesystem::path> find_pulled(const std::filesystem::path& store, const ModelName& name);

/// Keeps other processes from pulling into the same folder, as long as it lives.
class FolderLock {
 public:
  /// Waits for the one that has it; `on_wait` is called if there is one.
  template <class F>
  static Result<FolderLock> acquire(const std::filesystem::path& folder, F on_wait);
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  static Result<FolderLock> open(const std::filesystem::path& folder);
  Result<bool> try_lock();
  Result<> lock();

  int descriptor_;
};

template <class F>
Result<FolderLock> FolderLock::acquire(const std::filesystem::path& folder, F on_wait) {
  LOCI_TRY(FolderLock lock, open(folder));
  LOCI_TRY(const bool locked, lock.try_lock());
  if (!locked) {
    on_wait();
    LOCI_TRY_VOID(lock.lock());
  }
  return lock;
}

}  // namespace loci
