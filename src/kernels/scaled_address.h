// Where a block of ScaledRows (quantized_rows.h) lies: rows in groups of 32, of each group [block][row]. So
// what tiles of 32 rows read is one stream, as are the 512 columns of it that share the first-level cache
// with a matrix; with all rows of a block side by side, a block's lines would share a few sets of that cache
// with those of the next.
#pragma once

namespace loci::kernels {

inline constexpr int kScaledGroup = 32;

/// Of `rows` rows those that are in the group of `row`: the distance of a row's neighbouring blocks.
constexpr int scaled_stride(int row, int rows) {
  const int left = rows - row / kScaledGroup * kScaledGroup;
  return left < kScaledGroup ? left : kScaledGroup;
}

/// The index of block `block` of `blocks`.
constexpr long scaled_at(int row, int block, int rows, int blocks) {
  const long first = row / kScaledGroup * kScaledGroup;
  return first * blocks + long{block} * scaled_stride(row, rows) + (row - first);
}

}  // namespace loci::kernels
