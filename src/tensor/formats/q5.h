// Q5_0 and Q5_1: Q4_0 and Q4_1 with a fifth bit. 32 consecutive elements of a row; bit i of `high` is the
// upper bit of element i's code, byte j of `codes` holds the lower four bits of element j in its low half and
// of element j + 16 in its high half. Q5_0: element i = scale * (code - 16), 5.5 bits an element; Q5_1:
// element i = scale * code + minimum, 6 bits. Layouts of ggml (block_q5_0, block_q5_1), rounding of its
// reference quantizers without fused multiply-adds.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "tensor/formats/half.h"
#include "tensor/formats/q4_1.h"

namespace loci {

struct BlockQ5_0 {
  static constexpr int kElements = 32;
  std::uint16_t scale;               // binary16
  std::array<std::uint8_t, 4> high;  // 32 bits, little-endian
  std::array<std::uint8_t, kElements / 2> codes;
};
static_assert(sizeof(BlockQ5_0) == 22 && alignof(BlockQ5_0) == 2);

struct BlockQ5_1 {
  static constexpr int kElements = 32;
  std::uint16_t scale, minimum;      // binary16
  std::array<std::uint8_t, 4> high;  // 32 bits, little-endian
  std::array<std::uint8_t, kElements / 2> codes;
};
static_assert(sizeof(BlockQ5_1) == 24 && alignof(BlockQ5_1) == 2);

/// The 32 codes of a block, 0..31, in the order of the elements.
template <class Block>
constexpr std::array<std::uint8_t, 32> q5_codes(const Block& block) {
  const auto high = std::bit_cast<std::uint32_t>(block.high);
  std::array<std::uint8_t, 32> codes;
  for (unsigned i = 0; i < 32; ++i) {
    const unsigned low = i < 16 ? block.codes[i] & 0xFu : block.codes[i - 16] >> 4u;
    codes[i] = static_cast<std::uint8_t>(low | (high >> i & 1u) << 4);
  }
  return codes;
}

template <class Block>
void set_q5_code(Block& block, std::size_t i, unsigned code) {
  block.codes[i % 16] |= static_cast<std::uint8_t>((code & 0xFu) << (i < 16 ? 0 : 4));
  block.high[i / 8] |= static_cast<std::uint8_t>((code >> 4) << i % 8);
}

constexpr void dequantize_block(const BlockQ5_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (const int code : q5_codes(block)) *out++ = static_cast<float>(code - 16) * scale;
}

/// scale * code is exact, so that an element is rounded once.
constexpr void dequantize_block(const BlockQ5_1& block, float* out) {
  const float scale = f16_to_f32(block.scale), minimum = f16_to_f32(block.minimum);
  for (const int code : q5_codes(block)) *out++ = static_cast<float>(code) * scale + minimum;
}

/// scale = m / -16 for the element m of largest magnitude (the first of equals), so that m itself has code 0.
inline BlockQ5_0 quantize_block_q5_0(const float* in) {
  float extreme = 0;
  for (int i = 0; i < BlockQ5_0::kElements; ++i)
    if (std::fabs(in[i]) > std::fabs(extreme)) extreme = in[i];
  const float scale = extreme / -16.0f;
  const float inverse = scale != 0 ? 1.0f / scale : 0.0f;
  BlockQ5_0 block{.scale = f32_to_f16(scale), .high = {}, .codes = {}};
  for (std::size_t i = 0; i < BlockQ5_0::kElements; ++i) {
    const float shifted = in[i] * inverse + 16.5f;
    set_q5_code(block, i, shifted >= 0.0f ? static_cast<unsigned>(std::min(shifted, 31.0f)) : 0u);
  }
  return block;
}

inline BlockQ5_1 quantize_block_q5_1(const float* in) {
  const QuantLine line(in, BlockQ5_1::kElements, 31);
  BlockQ5_1 block{
      .scale = f32_to_f16(line.scale), .minimum = f32_to_f16(line.minimum), .high = {}, .codes = {}};
  for (std::size_t i = 0; i < BlockQ5_1::kElements; ++i) set_q5_code(block, i, line.code(in[i]));
  return block;
}

}  // namespace loci
