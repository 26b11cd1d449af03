// The grid of ops that take each number alone: a row a token, and a column of blocks for each kElementThreads
// features.
#pragma once

#include "kernels/cuda/device.cuh"

namespace loci::kernels::cuda {

constexpr int kElementThreads = 256;

inline Launch elementwise(const char* name, int tokens, int features) {
  return {.name = name,
          .blocks_x = tokens,
          .blocks_y = pieces(features, kElementThreads),
          .threads = kElementThreads};
}
__device__ inline int element() {
  return block_y() * kElementThreads + thread();
}

/// Extent of `tokens` rows, the last of which need not fill its stride.
inline std::size_t rows_extent(int tokens, int stride, int features) {
  return tokens == 0 ? 0
                     : static_cast<std::size_t>(tokens - 1) * static_cast<std::size_t>(stride) +
                           static_cast<std::size_t>(features);
}

}  // namespace loci::kernels::cuda
