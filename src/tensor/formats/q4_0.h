// Q4_0: 32 consecutive elements of a row as 4-bit codes under one binary16 scale; element i = scale * (code -
// 8). 4.5 bits an element. Byte j of `codes` holds element j in its low half and element j + 16 in its high
// half. Layout and rounding are those of ggml (block_q4_0, quantize_row_q4_0_ref), bit for bit.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "tensor/formats/half.h"

namespace loci {

struct BlockQ4_0 {
  static constexpr int kElements = 32;
  std::uint16_t scale;  // binary16
  std::array<std::uint8_t, kElements / 2> codes;
};
static_assert(sizeof(BlockQ4_0) == 18 && alignof(BlockQ4_0) == 2);

/// `out` receives BlockQ4_0::kElements floats.
constexpr void dequantize_block(const BlockQ4_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (const std::uint8_t pair : block.codes) {
    out[0] = static_cast<float>((pair & 0xF) - 8) * scale;
    out[BlockQ4_0::kElements / 2] = static_cast<float>((pair >> 4) - 8) * scale;
    ++out;
  }
}

/// The code of x in [0, 15]. Product and sum are rounded to float once, as the fused multiply-add does with
/// which ggml is compiled wherever the machine has one. NaN gives 0.
inline std::uint8_t q4_0_code(float x, float inverse_scale) {
  const auto shifted = static_cast<float>(double{x} * double{inverse_scale} + 8.5);
  return shifted >= 0.0f ? static_cast<std::uint8_t>(std::min(shifted, 15.0f)) : std::uint8_t{0};
}

/// scale = m / -8 for the element m of largest magnitude (the first of equals), so that m itself has code 0.
inline BlockQ4_0 quantize_block_q4_0(const float* in) {
  float extreme = 0;
  for (int i = 0; i < BlockQ4_0::kElements; ++i)
    if (std::fabs(in[i]) > std::fabs(extreme)) extreme = in[i];
  const float scale = extreme / -8.0f;
  const float inverse = scale != 0 ? 1.0f / scale : 0.0f;
  BlockQ4_0 block{.scale = f32_to_f16(scale), .codes = {}};
  for (std::uint8_t& pair : block.codes) {
    const unsigned low = q4_0_code(in[0], inverse), high = q4_0_code(in[BlockQ4_0::kElements / 2], inverse);
    pair = static_cast<std::uint8_t>(low | high << 4);
    ++in;
  }
  return block;
}

}  // namespace loci
