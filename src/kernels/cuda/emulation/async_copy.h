// cp.async as it is at its worst: bytes arrive when the thread that copies them waits, not before.
#pragma once

#include "kernels/cuda/emulation/device.h"

namespace loci::kernels::cuda {

/// Begins to copy kBytes (4, 8 or 16) to element `to` of `shared`: `valid` bytes from element `from` on, then
/// zeros.
template <int kBytes, class T, class S>
void cp_async(const Shared<T>& shared, std::ptrdiff_t to, const Global<const S>& global, std::ptrdiff_t from,
              int valid = kBytes) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  const S* source = nullptr;
  if (valid > 0) {
    source = global.range(from, valid / static_cast<int>(sizeof(S)));
    if (reinterpret_cast<std::uintptr_t>(source) % kBytes != 0)
      emulation::report_alignment("the source of cp.async", from, kBytes);
  }
  shared.copy_async(to, kBytes, source, static_cast<std::size_t>(valid));
}
inline void cp_async_commit() {
  emulation::Block::current().commit_copies();
}
/// Waits until all but the last kGroups committed groups of the thread have arrived. Other threads see them
/// behind a barrier.
template <int kGroups>
void cp_async_wait() {
  emulation::Block::current().wait_for_copies(kGroups);
}

}  // namespace loci::kernels::cuda
