// Rounding to bytes (quantized_rows.h), as norm and quantize do it.
#pragma once

#include "kernels/cuda/math.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/quantized_rows.h"
#include "kernels/scaled_address.h"

namespace loci::kernels::cuda {

/// Lane i of the warp brings column i of the block.
__device__ inline void quantize_block(float x, QuantizedBlock& block) {
  const bool usable = __all_sync(kAllLanes, is_finite(x));
  const float largest = warp_max(fabsf(x));
  const float inverse = largest > kSmallestQuantized ? 127.0f / largest : 0.0f;
  const int code = usable ? static_cast<int>(rintf(x * inverse)) : 0;
  const int low = warp_sum(lane() < 16 ? code : 0), high = warp_sum(lane() < 16 ? 0 : code);
  block.codes[lane()] = static_cast<std::int8_t>(code);
  if (lane() != 0) return;
  const float scale = largest / 127.0f;
  block.scale = usable ? scale : not_a_number();
  block.sum = usable ? scale * static_cast<float>(low + high) : 0.0f;
  block.half_sums[0] = usable ? scale * static_cast<float>(low) : 0.0f;
  block.half_sums[1] = usable ? scale * static_cast<float>(high) : 0.0f;
  block.offset = -128 * (low + high);
  block.half_offsets[0] = -128 * low;
  block.half_offsets[1] = -128 * high;
  block.unused = 0;
}

struct ScaledOutput {
  Global<ScaledBlock> blocks;
  Global<RowScale> scales;
  int rows, columns;
};
inline ScaledOutput scaled_output(const ScaledRows& rows, int count, int columns) {
  const std::size_t blocks =
      static_cast<std::size_t>(count) * static_cast<std::size_t>(pieces(columns, kScaledColumns));
  return {
      .blocks = {rows.blocks, rows.blocks == nullptr ? 0 : blocks, "scaled.blocks"},
      .scales = {rows.scales, rows.blocks == nullptr ? 0 : static_cast<std::size_t>(count), "scaled.scales"},
      .rows = count,
      .columns = columns};
}

/// The whole block of threads rounds row `row`, whose column c is value(c), under one scale.
template <class Value>
__device__ void scale_row(const ScaledOutput& p, int row, Value value) {
  LOCI_SHARED(float, largest_of_warps, kMostWarps);
  LOCI_SHARED(int, sums_of_warps, kMostWarps);
  float largest = 0;
  int unusable = 0;
  for (int c = thread(); c < p.columns; c += threads()) {
    const float x = value(c);
    largest = fmaxf(largest, fabsf(x));
    unusable += is_finite(x) ? 0 : 1;
  }
  largest = block_max(largest, largest_of_warps);
  const bool usable = block_sum(unusable, sums_of_warps) == 0;
  const float inverse = largest > kSmallestQuantized ? 127.0f / largest : 0.0f;
  const int blocks = pieces(p.columns, kScaledColumns);
  int sum = 0;
  for (int c = thread(); c < blocks * kScaledColumns; c += threads()) {
    const int code = usable && c < p.columns ? static_cast<int>(rintf(value(c) * inverse)) : 0;
    p.blocks[scaled_at(row, c / kScaledColumns, p.rows, blocks)].codes[c % kScaledColumns] =
        static_cast<std::int8_t>(code);
    sum += code;
  }
  sum = block_sum(sum, sums_of_warps);
  if (thread() == 0) p.scales[row] = {usable ? largest / 127.0f : not_a_number(), -128 * sum};
}

}  // namespace loci::kernels::cuda
