// The blocks in which weights of quantized Hugging Face folders are computed. Those store codes and scales in
// tensors of their own (tensor/quantized/); a block brings 32 consecutive elements of a row together with a
// scale wide enough for any of them, so that an element is what the folder's method defines, rounded once at
// most.
//
//   INT4   scale * (code - zero), codes and zero of 0..16    5.25 bits an element
//   INT8   scale * value                                     9
//   FP8    scale * value, E4M3 without NaN                   9
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "tensor/formats/f8.h"

namespace loci {

/// A binary32 without alignment, so that blocks have no padding.
struct PackedF32 {
  std::array<std::uint8_t, 4> bytes;
  constexpr explicit operator float() const { return std::bit_cast<float>(bytes); }
};
inline PackedF32 packed_f32(float value) {
  return {std::bit_cast<std::array<std::uint8_t, 4>>(value)};
}

struct BlockInt4 {
  static constexpr int kElements = 32;
  PackedF32 scale;
  std::uint8_t zero;
  std::array<std::uint8_t, 16> codes;  // halves of byte j: elements j and j + 16
};
static_assert(sizeof(BlockInt4) == 21);

struct BlockInt8 {
  static constexpr int kElements = 32;
  PackedF32 scale;
  std::array<std::int8_t, kElements> values;
};
static_assert(sizeof(BlockInt8) == 36);

struct BlockFp8 {
  static constexpr int kElements = 32;
  PackedF32 scale;
  std::array<std::uint8_t, kElements> values;
};
static_assert(sizeof(BlockFp8) == 36);

constexpr void dequantize_block(const BlockInt4& block, float* out) {
  const auto scale = static_cast<float>(block.scale);
  for (const int pair : block.codes) {
    out[0] = scale * static_cast<float>((pair & 0xF) - block.zero);
    out[16] = scale * static_cast<float>((pair >> 4) - block.zero);
    ++out;
  }
}

constexpr void dequantize_block(const BlockInt8& block, float* out) {
  for (const std::int8_t value : block.values)
    *out++ = static_cast<float>(block.scale) * static_cast<float>(value);
}

constexpr void dequantize_block(const BlockFp8& block, float* out) {
  for (const std::uint8_t value : block.values)
    *out++ = static_cast<float>(block.scale) * f8_e4m3_to_f32(value);
}

}  // namespace loci
