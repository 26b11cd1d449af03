// The two checksums that a hub gives for a file: SHA-256 for large files, git's blob id (SHA-1) for small
// ones. OpenSSL does the work, and is seen by digest.cc alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace loci {

class Digest {
 public:
  static Digest sha256();
  /// SHA-1 of "blob SIZE\0" and the bytes: the id that `git hash-object` prints.
  static Digest git_blob(std::uint64_t size);

  void add(std::span<const std::byte> bytes);

  /// Lower-case hexadecimal. The digest is used up.
  std::string finish();

 private:
  struct Context;
  struct Deleter {
    void operator()(Context* context) const;
  };
  explicit Digest(const char* algorithm);
  std::unique_ptr<Context, Deleter> context_;
};

}  // namespace loci
