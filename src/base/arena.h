// A large, zeroed, 64-byte aligned piece of memory. Owns it. Pages are taken from the system when first
// touched, so an arena costs what is used of it; huge pages are asked for, because weights and KV are read in
// long runs.
#pragma once

#include <cstddef>
#include <span>

#include "base/error.h"

namespace loci {

class Arena {
 public:
  Arena() = default;
  /// kResourceExhausted with the size where the system refuses. Zero bytes give an empty arena.
  static Result<Arena> allocate(std::size_t bytes);
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena();

  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit Arena(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

}  // namespace loci
