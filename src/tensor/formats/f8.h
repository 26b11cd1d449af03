// The 8-bit float E4M3 as the weights of neural networks use it (Micikevicius et al. 2022, "FP8 formats for
// deep learning"): 1 sign, 4 exponent bits of bias 7, 3 mantissa bits, no infinities; all ones is NaN.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace loci {

constexpr bool is_nan_f8_e4m3(std::uint8_t code) {
  return (code & 0x7F) == 0x7F;
}

/// Exact: 448 at most, 2^-9 at least.
constexpr float f8_e4m3_to_f32(std::uint8_t code) {
  if (is_nan_f8_e4m3(code)) return std::numeric_limits<float>::quiet_NaN();
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const auto digits = static_cast<float>(exponent == 0 ? mantissa : 8 + mantissa);
  float unit = 0x1p-9f;  // of subnormals and of exponent 1
  for (int e = 1; e < exponent; ++e) unit *= 2;
  return (code & 0x80 ? -digits : digits) * unit;
}

inline constexpr float kLargestF8E4M3 = 448;

/// To nearest, ties to even; magnitudes above 448 become 448, a NaN stays one.
constexpr std::uint8_t f32_to_f8_e4m3(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint8_t>(bits >> 24 & 0x80u);
  const float magnitude = std::bit_cast<float>(bits & 0x7FFFFFFFu);
  if (value != value) return sign | 0x7F;
  if (magnitude >= kLargestF8E4M3) return sign | 0x7E;
  // One unit in the last place of a number in [2^14, 2^15) is 2^-9: the addition rounds a subnormal.
  if (magnitude < 0x1p-6f)
    return sign | static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(magnitude + 0x1p14f) & 0xFu);
  const std::uint32_t rebiased = (bits & 0x7FFFFFFFu) - ((127u - 7u) << 23);
  return sign | static_cast<std::uint8_t>((rebiased + 0x7FFFFu + (rebiased >> 20 & 1u)) >> 20);
}

}  // namespace loci
