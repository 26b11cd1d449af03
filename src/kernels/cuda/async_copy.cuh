// Asynchronous copies to shared memory (cp.async, sm_80): see emulation/async_copy.h for what each function
// promises.
#pragma once

#include "kernels/cuda/device.cuh"

#ifndef __CUDACC__
#include "kernels/cuda/emulation/async_copy.h"
#else

namespace loci::kernels::cuda {

template <int kBytes, class T, class S>
__device__ void cp_async(const Shared<T>& shared, std::ptrdiff_t to, const Global<const S>& global,
                         std::ptrdiff_t from, int valid = kBytes) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  const auto target = static_cast<unsigned>(__cvta_generic_to_shared(shared.at(to)));
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target), "l"(global.range(from, 0)),
                 "r"(valid)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;" ::"r"(target), "l"(global.range(from, 0)),
                 "r"(valid), "n"(kBytes)
                 : "memory");
  }
}
__device__ inline void cp_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int kGroups>
__device__ void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
}

}  // namespace loci::kernels::cuda
#endif
