// Activations as matrices take them: as bytes, for integer dot products with quantized weights, or as BF16,
// for products with weights of that type.
#pragma once

#include <cstdint>

namespace loci::kernels {

inline constexpr int kQuantizedColumns = 32;
/// Where no number of a block is larger, all codes are 0: 127 / max|x| would be infinite.
inline constexpr float kSmallestQuantized = 1e-36f;

/// 32 neighbouring columns of a row: x[i] ~ scale * codes[i], with scale = max|x| / 127 and codes[i] = x[i] *
/// (127 / max|x|) rounded to the nearest integer, halves to even; all zeros up to kSmallestQuantized, and
/// with a scale of NaN where an x is infinite or no number, so that the products say it. A line of the
/// cache: what a multiplication needs beside the codes stands with them.
///
/// The kernels multiply unsigned weight codes, 128 above the true ones where a format is symmetric:
/// sum (w + 128) x = sum w x - offset.
struct alignas(64) QuantizedBlock {
  std::int8_t codes[kQuantizedColumns];
  float scale;
  float sum;                     // scale * sum(codes), one rounding
  float half_sums[2];            // the same of codes 0..15 and 16..31
  std::int32_t offset;           // -128 * sum(codes)
  std::int32_t half_offsets[2];  // the same of either half
  std::int32_t unused;
};
static_assert(sizeof(QuantizedBlock) == 64);

/// 32 neighbouring columns of a row as BF16, to nearest even; numbers too small to be normal are 0, and so
/// are columns beyond the last. A line of the cache too.
struct alignas(64) RoundedBlock {
  std::uint16_t numbers[kQuantizedColumns];
};
static_assert(sizeof(RoundedBlock) == sizeof(QuantizedBlock));

/// [block of columns][row]: so the rows of a block stand together, as matmul walks them.
using QuantizedRows = QuantizedBlock*;
using RoundedRows = RoundedBlock*;

inline constexpr int kScaledColumns = 64;

/// 64 neighbouring columns of a row as bytes under a scale of the whole row; columns beyond the last are 0. A
/// line of the cache: 16 rows of it are a tile of AMX.
struct alignas(64) ScaledBlock {
  std::int8_t codes[kScaledColumns];
};

struct RowScale {
  float scale;
  std::int32_t offset;  // -128 * sum(codes), as in QuantizedBlock
};

/// Rows rounded as QuantizedBlock says, but with one maximum, and so one scale, for all columns of a row. A
/// row with an x that is infinite or no number has a scale of NaN and codes 0.
struct ScaledRows {
  ScaledBlock* blocks = nullptr;  // as scaled_address.h places them
  RowScale* scales = nullptr;     // [row]
};

}  // namespace loci::kernels
