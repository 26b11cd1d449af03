// What kernels are written with: on a device nvcc's words, bare pointers and instructions; compiled by an
// ordinary compiler, for tests, the models of emulation/, which check every access.
#pragma once

// LOCI_UNROLL stands before a loop over a register array: an index that is not known takes it to memory.
// LOCI_UNROLL_BY_4 in front of one whose loads are to be on their way together.
#ifdef __CUDACC__
#include "kernels/cuda/nvcc/launch.cuh"
#include "kernels/cuda/nvcc/views.cuh"
#define LOCI_UNROLL _Pragma("unroll")
#define LOCI_UNROLL_BY_4 _Pragma("unroll 4")
#else
#include "kernels/cuda/emulation/device.h"
#define LOCI_UNROLL
#define LOCI_UNROLL_BY_4
#endif

namespace loci::kernels::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;

__device__ inline int thread() {
  return static_cast<int>(threadIdx.x);
}
__device__ inline int threads() {
  return static_cast<int>(blockDim.x);
}
__device__ inline int block_x() {
  return static_cast<int>(blockIdx.x);
}
__device__ inline int block_y() {
  return static_cast<int>(blockIdx.y);
}
__device__ inline int lane() {
  return thread() % kWarp;
}
__device__ inline int warp() {
  return thread() / kWarp;
}

/// Pieces of `piece` that `count` takes.
constexpr int pieces(int count, int piece) {
  return (count + piece - 1) / piece;
}

}  // namespace loci::kernels::cuda
