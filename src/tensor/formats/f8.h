// The 8-bit float E4M3 as the weights of neural networks use it (Micikevicius et al. 2022, "FP8 formats for
// deep learning"): 1 sign, 4 exponent bits of bias 7, 3 mantissa bits, no infinities; all ones is NaN.
#pragma once

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

}  // namespace loci
