// The two 16-bit floats, scalar and exact: widening loses nothing, narrowing rounds to nearest, ties to even.
// Results equal those of the F16C and AVX512-BF16 instructions (a NaN stays a NaN and becomes quiet) except
// that subnormals are kept everywhere. Pure, constexpr.
#pragma once

#include <bit>
#include <cstdint>

namespace loci {

/// IEEE 754 binary16 (1 sign, 5 exponent, 10 mantissa bits) to binary32.
constexpr float f16_to_f32(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16;
  const std::uint32_t exponent = half >> 10 & 0x1Fu, mantissa = half & 0x3FFu;
  if (exponent == 31) {
    const std::uint32_t quiet = mantissa != 0 ? 0x400000u : 0u;
    return std::bit_cast<float>(sign | 0x7F800000u | quiet | mantissa << 13);
  }
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24, a normal number in binary32
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | (exponent + (127 - 15)) << 23 | mantissa << 13);
}

/// binary32 to binary16; magnitudes of 65520 and more become infinity.
constexpr std::uint16_t f32_to_f16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000u) {
    half = 0x7E00u | (magnitude >> 13 & 0x3FFu);
  } else if (magnitude >=
             0x477FF000u) {  // 65520, half way between the largest binary16 and the next power of two
    half = 0x7C00u;
  } else if (magnitude < 0x38800000u) {  // below 2^-14: a subnormal, which counts units of 2^-24
    // One unit in the last place of a number in [0.5, 1) is 2^-24, so this addition rounds where we want it.
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3F000000u;
  } else {
    const std::uint32_t rebiased = magnitude - ((127u - 15u) << 23);
    half = (rebiased + 0xFFFu + (rebiased >> 13 & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(bits >> 16 & 0x8000u) | static_cast<std::uint16_t>(half);
}

/// bfloat16: the upper half of a binary32.
constexpr float bf16_to_f32(std::uint16_t half) {
  return std::bit_cast<float>(std::uint32_t{half} << 16);
}

constexpr std::uint16_t f32_to_bf16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace loci
