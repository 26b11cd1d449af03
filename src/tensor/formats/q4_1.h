// Q4_1: 32 consecutive elements of a row as 4-bit codes under a binary16 scale and minimum; element i = scale
// * code + minimum. 5 bits an element. Byte j of `codes` holds element j in its low half and element j + 16
// in its high half. Layout of ggml (block_q4_1), rounding of quantize_row_q4_1_ref without fused
// multiply-adds.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "tensor/formats/half.h"

namespace loci {

struct BlockQ4_1 {
  static constexpr int kElements = 32;
  std::uint16_t scale, minimum;  // binary16
  std::array<std::uint8_t, kElements / 2> codes;
};
static_assert(sizeof(BlockQ4_1) == 20 && alignof(BlockQ4_1) == 2);

/// scale * code is exact, so that an element is rounded once.
constexpr void dequantize_block(const BlockQ4_1& block, float* out) {
  const float scale = f16_to_f32(block.scale), minimum = f16_to_f32(block.minimum);
  for (const std::uint8_t pair : block.codes) {
    out[0] = static_cast<float>(pair & 0xF) * scale + minimum;
    out[BlockQ4_1::kElements / 2] = static_cast<float>(pair >> 4) * scale + minimum;
    ++out;
  }
}

/// The line through a block's extremes: code 0 is the smallest element, code `steps` the largest.
struct QuantLine {
  float minimum, scale, inverse, steps;

  QuantLine(const float* in, int count, int step_count)
      : minimum(*std::min_element(in, in + count)),
        scale((*std::max_element(in, in + count) - minimum) / static_cast<float>(step_count)),
        inverse(scale != 0 ? 1.0f / scale : 0.0f),
        steps(static_cast<float>(step_count)) {}

  /// Rounded to nearest, halves up. NaN gives 0.
  unsigned code(float x) const {
    const float shifted = (x - minimum) * inverse + 0.5f;
    return shifted >= 0.0f ? static_cast<unsigned>(std::min(shifted, steps)) : 0u;
  }
};

inline BlockQ4_1 quantize_block_q4_1(const float* in) {
  const QuantLine line(in, BlockQ4_1::kElements, 15);
  BlockQ4_1 block{.scale = f32_to_f16(line.scale), .minimum = f32_to_f16(line.minimum), .codes = {}};
  for (std::uint8_t& pair : block.codes) {
    pair = static_cast<std::uint8_t>(line.code(in[0]) | line.code(in[BlockQ4_1::kElements / 2]) << 4);
    ++in;
  }
  return block;
}

}  // namespace loci
