#include "base/arena.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace loci {

Result<Arena> Arena::allocate(std::size_t bytes) {
  if (bytes == 0) return Arena();
  void* address =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED)
    return fail(ErrorCode::kResourceExhausted, "cannot allocate {} bytes: {}", bytes, std::strerror(errno));
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  if (bytes >= 8 * kHugePage)
    ::madvise(address, bytes, MADV_HUGEPAGE);  // advice only: a refusal costs nothing
  return Arena(std::span(static_cast<std::byte*>(address), bytes));
}

Arena::Arena(Arena&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

Arena::~Arena() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace loci
