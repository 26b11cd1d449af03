// Q8_0: 32 consecutive elements of a row as signed bytes under one binary16 scale; element i = scale *
// values[i]. 8.5 bits an element. Layout and rounding are those of ggml (block_q8_0, quantize_row_q8_0_ref),
// bit for bit.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "tensor/formats/half.h"

namespace loci {

struct BlockQ8_0 {
  static constexpr int kElements = 32;
  std::uint16_t scale;  // binary16
  std::array<std::int8_t, kElements> values;
};
static_assert(sizeof(BlockQ8_0) == 34 && alignof(BlockQ8_0) == 2);

/// `out` receives BlockQ8_0::kElements floats.
constexpr void dequantize_block(const BlockQ8_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (const std::int8_t value : block.values) *out++ = static_cast<float>(value) * scale;
}

/// scale = max|x| / 127, values rounded to nearest, halves away from zero. The values are computed with the
/// scale before it is rounded to binary16. A NaN is stored as 0; a block with an infinity is meaningless but
/// defined.
inline BlockQ8_0 quantize_block_q8_0(const float* in) {
  float largest = 0;
  for (int i = 0; i < BlockQ8_0::kElements; ++i) largest = std::fmax(largest, std::fabs(in[i]));
  const float scale = largest / 127.0f;
  const float inverse = scale != 0 ? 1.0f / scale : 0.0f;
  BlockQ8_0 block{.scale = f32_to_f16(scale), .values = {}};
  for (int i = 0; i < BlockQ8_0::kElements; ++i) {
    const float rounded = std::round(in[i] * inverse);
    // A subnormal scale has an inexact or infinite inverse: stay inside a byte. False for NaN.
    const bool fits = rounded >= -127.0f && rounded <= 127.0f;
    block.values[static_cast<std::size_t>(i)] = fits ? static_cast<std::int8_t>(rounded) : std::int8_t{0};
  }
  return block;
}

}  // namespace loci
