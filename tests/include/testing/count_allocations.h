// Replaces the global new and delete by ones that count, for tests that say "allocates nothing". One file of
// a test program includes it. Not inlined: else GCC sees one of a pair and reports a mismatch.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace loci::testing {
inline std::atomic<long> allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++loci::testing::allocations;
  if (void* p = std::malloc(bytes > 0 ? bytes : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++loci::testing::allocations;
  return std::malloc(bytes > 0 ? bytes : 1);
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
