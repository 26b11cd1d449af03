// What stands for the memory of a device: allocations that are known by their extent, so that a pointer which
// is none of theirs, or leaves its own, is found. Any thread.
#pragma once

#include <cstddef>

namespace loci::kernels::cuda::emulation {

/// At least `bytes` bytes, aligned as a device does it (256), with contents that nobody should rely on.
void* allocate(std::size_t bytes);
void release(void* allocation);

/// Bytes from `at` to the end of the allocation that it lies in; 0: it lies in none.
std::size_t extent_from(const void* at);

}  // namespace loci::kernels::cuda::emulation
