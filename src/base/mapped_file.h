// A file, mapped read-only. Owns the mapping; pages come in when they are touched.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/error.h"

namespace loci {

class MappedFile {
 public:
  /// Fails with kNotFound or kIo; the message names the path. A directory or an empty file is refused.
  static Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

  /// Tells the kernel that `part` of bytes() will not be read soon: its pages leave this process's memory
  /// (they stay in the page cache). Reading them again is legal and merely slower.
  void release(std::span<const std::byte> part) const;

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

/// The whole of a small text file (a config, a template). Refuses files over `limit` bytes.
Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit);

}  // namespace loci
