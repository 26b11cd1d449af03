// Reductions over the lanes of a warp and the threads of a block. Sums of floats have a stated order; maxima
// and sums of integers need none.
#pragma once

#include "kernels/cuda/device.cuh"

namespace loci::kernels::cuda {

/// Every lane gets it. A NaN counts only where all are NaN.
__device__ inline float warp_max(float x) {
  for (int bits = kWarp / 2; bits > 0; bits /= 2) x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, bits));
  return x;
}
__device__ inline int warp_sum(int x) {
  for (int bits = kWarp / 2; bits > 0; bits /= 2) x += __shfl_xor_sync(kAllLanes, x, bits);
  return x;
}

/// Of lanes 0..15: lane l += lane l + 8, then + 4, + 2, + 1. Lane 0 gets it.
__device__ inline float fold_sixteen(float x) {
  for (int width = 8; width > 0; width /= 2) x = x + __shfl_down_sync(kAllLanes, x, width);
  return x;
}

constexpr int kMostWarps = 32;

// Of whole blocks; `scratch` has kMostWarps numbers and is free again at the next barrier of the block.

__device__ inline float block_max(float x, const Shared<float>& scratch) {
  x = warp_max(x);
  __syncthreads();
  if (lane() == 0) scratch[warp()] = x;
  __syncthreads();
  for (int w = 0; w < threads() / kWarp; ++w) x = fmaxf(x, scratch[w]);
  return x;
}
__device__ inline int block_sum(int x, const Shared<int>& scratch) {
  x = warp_sum(x);
  __syncthreads();
  if (lane() == 0) scratch[warp()] = x;
  __syncthreads();
  int sum = 0;
  for (int w = 0; w < threads() / kWarp; ++w) sum += scratch[w];
  return sum;
}

}  // namespace loci::kernels::cuda
