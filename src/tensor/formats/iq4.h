// IQ4_NL and IQ4_XS: 4-bit codes of a table of 16 values, which lie denser around 0. Layouts and table of
// ggml (block_iq4_nl, block_iq4_xs, kvalues_iq4nl), bit for bit.
//
//   IQ4_NL   32 elements, element i = scale * value(code)                              4.5 bits an element
//   IQ4_XS   256 elements in sub-blocks of 32, element i = scale * (s - 32) * value(code), s of 6 bits;  4.25
//
// All products are exact in binary32.
#pragma once

#include <array>
#include <cstdint>

#include "tensor/formats/half.h"

namespace loci {

inline constexpr std::array<std::int8_t, 16> kIq4Values{-127, -104, -83, -65, -49, -35, -22, -10,
                                                        1,    13,   25,  38,  53,  69,  89,  113};

struct BlockIQ4_NL {
  static constexpr int kElements = 32;
  std::uint16_t scale;                 // binary16
  std::array<std::uint8_t, 16> codes;  // halves of byte j: elements j and j + 16
};
static_assert(sizeof(BlockIQ4_NL) == 18);

struct BlockIQ4_XS {
  static constexpr int kElements = 256;
  std::uint16_t scale;        // binary16
  std::uint16_t high_scales;  // bits 2k, 2k + 1: the upper bits of s of sub-block k
  std::array<std::uint8_t, 4>
      low_scales;                       // halves of byte k: the lower four bits of sub-blocks 2k and 2k + 1
  std::array<std::uint8_t, 128> codes;  // [sub-block][16], each as in IQ4_NL
};
static_assert(sizeof(BlockIQ4_XS) == 136);

/// 16 bytes of pairs as 32 table values under one scale.
inline void dequantize_iq4(const std::uint8_t* codes, float scale, float* out) {
  for (int j = 0; j < 16; ++j) {
    out[j] = scale * static_cast<float>(kIq4Values[codes[j] & 0xF]);
    out[j + 16] = scale * static_cast<float>(kIq4Values[codes[j] >> 4]);
  }
}

inline void dequantize_block(const BlockIQ4_NL& block, float* out) {
  dequantize_iq4(block.codes.data(), f16_to_f32(block.scale), out);
}

inline void dequantize_block(const BlockIQ4_XS& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (std::size_t k = 0; k < 8; ++k) {
    const int low = block.low_scales[k / 2] >> 4 * (k % 2) & 0xF, high = block.high_scales >> 2 * k & 3;
    const float s = scale * static_cast<float>((low | high << 4) - 32);
    dequantize_iq4(block.codes.data() + 16 * k, s, out + 32 * k);
  }
}

}  // namespace loci
