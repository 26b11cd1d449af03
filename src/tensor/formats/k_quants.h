// The K-quants: 256 consecutive elements of a row in sub-blocks of 16 or 32, whose scales (and minima) are
// small integers under the block's binary16 scale. Layouts of ggml (block_q2_K to block_q6_K), bit for bit.
//
//             element i of a sub-block                          sub-block    bits an element
//   Q2_K      scale * s * code - minimum * m, s and m of 4 bits    16           2.625
//   Q3_K      scale * (s - 32) * (code - 4), s of 6 bits           16           3.4375
//   Q4_K      scale * s * code - minimum * m, s and m of 6 bits    32           4.5
//   Q5_K      as Q4_K with codes of 5 bits                         32           5.5
//   Q6_K      scale * s * (code - 32), s of 8 bits, signed         16           6.5625
//
// All products are exact in binary32 (11 + 8 + 5 bits at most), so that an element is rounded once, by the
// subtraction, whether or not it is fused.
#pragma once

#include <array>
#include <cstdint>

#include "tensor/formats/half.h"

namespace loci {

struct BlockQ2_K {
  static constexpr int kElements = 256;
  std::array<std::uint8_t, 16> scales;  // s in the low half of a byte, m in its high half
  std::array<std::uint8_t, 64> codes;   // [128 elements][32]; bits 2k, 2k + 1 of byte l: element 32k + l
  std::uint16_t scale, minimum;         // binary16
};
static_assert(sizeof(BlockQ2_K) == 84);

struct BlockQ3_K {
  static constexpr int kElements = 256;
  std::array<std::uint8_t, 32> high;    // bit k of byte l: the upper code bit of element 32k + l
  std::array<std::uint8_t, 64> codes;   // the lower two bits, as in Q2_K
  std::array<std::uint8_t, 12> scales;  // see q3_k_scale()
  std::uint16_t scale;                  // binary16
};
static_assert(sizeof(BlockQ3_K) == 110);

struct BlockQ4_K {
  static constexpr int kElements = 256;
  std::uint16_t scale, minimum;         // binary16
  std::array<std::uint8_t, 12> scales;  // see k_scale(), k_minimum()
  std::array<std::uint8_t, 128> codes;  // [64 elements][32]; halves of byte l: elements l and 32 + l
};
static_assert(sizeof(BlockQ4_K) == 144);

struct BlockQ5_K {
  static constexpr int kElements = 256;
  std::uint16_t scale, minimum;         // binary16
  std::array<std::uint8_t, 12> scales;  // as in Q4_K
  std::array<std::uint8_t, 32> high;    // bit k of byte l: the upper code bit of element 32k + l
  std::array<std::uint8_t, 128> codes;  // the lower four bits, as in Q4_K
};
static_assert(sizeof(BlockQ5_K) == 176);

struct BlockQ6_K {
  static constexpr int kElements = 256;
  std::array<std::uint8_t, 128> codes;  // [128 elements][64]; halves of byte l: elements l and 64 + l
  std::array<std::uint8_t, 64> high;    // [128 elements][32]; upper two bits, packed as Q2_K's codes
  std::array<std::int8_t, 16> scales;
  std::uint16_t scale;  // binary16
};
static_assert(sizeof(BlockQ6_K) == 210);

/// Scale s of sub-block `i` of 16: four bits in a half of byte i mod 8, two more in byte 8 + i mod 4.
constexpr int q3_k_scale(const std::array<std::uint8_t, 12>& packed, std::size_t i) {
  const int low = packed[i % 8] >> (i < 8 ? 0 : 4) & 0xF;
  const int high = packed[8 + i % 4] >> 2 * (i / 4) & 3;
  return (low | high << 4) - 32;
}

/// Six-bit scale of sub-block `i` of 8: of the first four sub-blocks bytes 0..3 hold them; of the others
/// bytes 8..11 hold four bits in their low halves, and bytes 0..3 two more on top.
constexpr int k_scale(const std::array<std::uint8_t, 12>& packed, std::size_t i) {
  return i < 4 ? packed[i] & 63 : (packed[i + 4] & 0xF) | packed[i - 4] >> 6 << 4;
}
/// The same for minima, with bytes 4..7 and the high halves of bytes 8..11.
constexpr int k_minimum(const std::array<std::uint8_t, 12>& packed, std::size_t i) {
  return i < 4 ? packed[i + 4] & 63 : packed[i + 4] >> 4 | packed[i] >> 6 << 4;
}

/// Two bits of element `i` of 256, as Q2_K packs them.
constexpr int two_bits(const std::array<std::uint8_t, 64>& packed, std::size_t i) {
  return packed[i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3;
}
/// Four bits of element `i` of 256, as Q4_K packs them.
constexpr int four_bits(const std::array<std::uint8_t, 128>& packed, std::size_t i) {
  return packed[i / 64 * 32 + i % 32] >> 4 * (i % 64 / 32) & 0xF;
}
/// One bit of element `i` of 256, as Q3_K and Q5_K pack it.
constexpr int one_bit(const std::array<std::uint8_t, 32>& packed, std::size_t i) {
  return packed[i % 32] >> i / 32 & 1;
}

constexpr void dequantize_block(const BlockQ2_K& block, float* out) {
  const float scale = f16_to_f32(block.scale), minimum = f16_to_f32(block.minimum);
  for (std::size_t i = 0; i < BlockQ2_K::kElements; ++i) {
    const int scales = block.scales[i / 16];
    const float s = scale * static_cast<float>(scales & 0xF), m = minimum * static_cast<float>(scales >> 4);
    out[i] = s * static_cast<float>(two_bits(block.codes, i)) - m;
  }
}

constexpr void dequantize_block(const BlockQ3_K& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (std::size_t i = 0; i < BlockQ3_K::kElements; ++i) {
    const float s = scale * static_cast<float>(q3_k_scale(block.scales, i / 16));
    out[i] = s * static_cast<float>((two_bits(block.codes, i) | one_bit(block.high, i) << 2) - 4);
  }
}

constexpr void dequantize_block(const BlockQ4_K& block, float* out) {
  const float scale = f16_to_f32(block.scale), minimum = f16_to_f32(block.minimum);
  for (std::size_t i = 0; i < BlockQ4_K::kElements; ++i) {
    const float s = scale * static_cast<float>(k_scale(block.scales, i / 32));
    const float m = minimum * static_cast<float>(k_minimum(block.scales, i / 32));
    out[i] = s * static_cast<float>(four_bits(block.codes, i)) - m;
  }
}

constexpr void dequantize_block(const BlockQ5_K& block, float* out) {
  const float scale = f16_to_f32(block.scale), minimum = f16_to_f32(block.minimum);
  for (std::size_t i = 0; i < BlockQ5_K::kElements; ++i) {
    const float s = scale * static_cast<float>(k_scale(block.scales, i / 32));
    const float m = minimum * static_cast<float>(k_minimum(block.scales, i / 32));
    out[i] = s * static_cast<float>(four_bits(block.codes, i) | one_bit(block.high, i) << 4) - m;
  }
}

constexpr void dequantize_block(const BlockQ6_K& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (std::size_t i = 0; i < BlockQ6_K::kElements; ++i) {
    const float s = scale * static_cast<float>(block.scales[i / 16]);
    const int low = block.codes[i / 128 * 64 + i % 64] >> 4 * (i % 128 / 64) & 0xF;
    out[i] = s * static_cast<float>((low | two_bits(block.high, i) << 4) - 32);
  }
}

}  // namespace loci
