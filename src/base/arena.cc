#include "base/arena.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace loci {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

void* map(std::size_t bytes) {
  return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/// Memory that begins where a huge page can: a stream of weights that crosses a page every 4 KB waits for the
/// address of each. Takes more address space than is asked for and gives back what lies before and behind.
void* map_huge(std::size_t bytes) {
  const std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t whole = (bytes + page - 1) / page * page;
  void* address = map(whole + kHugePage);
  if (address == MAP_FAILED) return address;
  auto* begin = static_cast<std::byte*>(address);
  const std::size_t before = -std::bit_cast<std::uintptr_t>(begin) % kHugePage;
  if (before > 0) ::munmap(begin, before);
  if (before < kHugePage) ::munmap(begin + before + whole, kHugePage - before);
  ::madvise(begin + before, whole, MADV_HUGEPAGE);  // advice only: a refusal costs nothing
  return begin + before;
}

}  // namespace

Result<Arena> Arena::allocate(std::size_t bytes) {
  if (bytes == 0) return Arena();
  void* address = bytes >= kHugePage ? map_huge(bytes) : map(bytes);
  if (address == MAP_FAILED)
    return fail(ErrorCode::kResourceExhausted, "cannot allocate {} bytes: {}", bytes, std::strerror(errno));
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
