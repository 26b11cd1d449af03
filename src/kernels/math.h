// exp, tanh and the Gaussian tail for kernels: approximations whose every step is one IEEE operation, so that
// vectors compute the same bits (cpu/math.inl.h repeats these steps lane by lane).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace loci::kernels {

/// Constants of exp_approx.
///
/// x = n ln 2 + r with n = round(x / ln 2), so |r| <= ln 2 / 2 = 0.3466 and exp(x) = 2^n exp(r).
/// - kRound = 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits of the sum.
/// - ln 2 is the sum of the float nearest to it and the float nearest to the rest; the fused multiply-add
/// keeps n * kLn2High
///   exact, so r is off by less than 2^-25 * 2^-2.
/// - exp(r) is its Taylor polynomial of degree 7, coefficients 1 / k!; the rest is below 0.3466^8 / 8!
/// = 5.2e-9, a
///   twentieth of half a unit in the last place (2^-24 = 6.0e-8).
/// - Below kLowest = ln(2^-126), rounded up, the result would not be a normal number: it is 0. Above kHighest
/// = ln(2^128 (1 - 2^-24)),
///   rounded down, it is infinity.
struct ExpConstants {
  static constexpr float kLog2E = 0x1.715476p+0f;
  static constexpr float kRound = 0x1.8p+23f;
  static constexpr float kLn2High = 0x1.62e430p-1f;
  static constexpr float kLn2Low = -0x1.05c610p-29f;
  static constexpr float kTerm[8] = {1.0f,      1.0f,       1.0f / 2,   1.0f / 6,
                                     1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040};
  static constexpr float kLowest = -0x1.5d589ep+6f;
  static constexpr float kHighest = 0x1.62e42ep+6f;
};

/// exp(x) to 1 unit in the last place for x in [kLowest, kHighest]; 0 below, infinity above, NaN for NaN.
inline float exp_approx(float x) {
  using C = ExpConstants;
  if (x != x) return x;
  if (x < C::kLowest) return 0.0f;
  if (x > C::kHighest) return HUGE_VALF;
  const float shifted = std::fma(x, C::kLog2E, C::kRound);
  const float n = shifted - C::kRound;
  const float r = std::fma(n, -C::kLn2Low, std::fma(n, -C::kLn2High, x));
  float series = C::kTerm[7];
  for (int k = 6; k >= 0; --k) series = std::fma(series, r, C::kTerm[k]);
  // The series lies in [0.7, 1.42]: adding n to its exponent multiplies by 2^n.
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(series) +
                              (std::bit_cast<std::uint32_t>(shifted) << 23));
}

/// 1 - 2 / (exp(2x) + 1), to 1.2e-7 absolutely: 1 and -1 for large x.
inline float tanh_approx(float x) {
  return 1.0f - 2.0f / (exp_approx(x + x) + 1.0f);
}

/// The probability that a standard normal variable exceeds a >= 0: exp(-a^2 / 2) times a polynomial of degree
/// 9 in s = 1 / (1 + a / 4), fitted (least squares of the relative error, at Chebyshev nodes of a in 0..14)
/// to erfcx(a / sqrt 2) / 2; the fit is off by 4e-8 of the value, the argument of exp by a few units of its
/// last place.
struct GaussianTailConstants {
  static constexpr float kTerm[10] = {-0x1.7e74eep-16f, 0x1.9aa360p-4f, 0x1.83811ap-4f,  0x1.f649eap-4f,
                                      -0x1.834bbep-6f,  0x1.3e6088p-2f, -0x1.5dda9ap-2f, 0x1.9b1ff6p-2f,
                                      -0x1.97badap-3f,  0x1.1ab528p-5f};
};
inline float gaussian_tail(float a) {
  const float s = 1.0f / std::fma(a, 0.25f, 1.0f);
  float series = GaussianTailConstants::kTerm[9];
  for (int k = 8; k >= 0; --k) series = std::fma(series, s, GaussianTailConstants::kTerm[k]);
  return series * exp_approx(a * a * -0.5f);
}

}  // namespace loci::kernels
