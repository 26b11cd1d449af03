// exp, tanh, the Gaussian tail and the activations: the steps of kernels/math.h and kernels/activation.h,
// which say why.
#pragma once

#include <cstdint>

#include "kernels/activation.h"
#include "kernels/cuda/device.cuh"
#include "kernels/math.h"

namespace loci::kernels::cuda {

__device__ inline std::uint32_t bits_of(float x) {
  return std::bit_cast<std::uint32_t>(x);
}
__device__ inline float float_of(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}
__device__ inline float not_a_number() {
  return float_of(0x7FC00000u);
}
__device__ inline bool is_finite(float x) {
  return (bits_of(x) & 0x7F800000u) != 0x7F800000u;
}

/// Terms k, k - 1, .. 0 of a polynomial in x, behind the sum of the higher ones.
template <class Constants, int k>
__device__ inline float horner(float series, float x) {
  constexpr float kTerm = Constants::kTerm[k];
  series = fmaf(series, x, kTerm);
  if constexpr (k > 0)
    return horner<Constants, k - 1>(series, x);
  else
    return series;
}

__device__ inline float exp_steps(float x) {
  using C = ExpConstants;
  if (x != x) return x;
  if (x < C::kLowest) return 0.0f;
  if (x > C::kHighest) return float_of(0x7F800000u);
  const float shifted = fmaf(x, C::kLog2E, C::kRound);
  const float n = shifted - C::kRound;
  const float r = fmaf(n, -C::kLn2Low, fmaf(n, -C::kLn2High, x));
  constexpr float kLast = C::kTerm[7];
  return float_of(bits_of(horner<C, 6>(kLast, r)) + (bits_of(shifted) << 23));
}

__device__ inline float tanh_steps(float x) {
  return 1.0f - 2.0f / (exp_steps(x + x) + 1.0f);
}

__device__ inline float gaussian_tail_steps(float a) {
  const float s = 1.0f / fmaf(a, 0.25f, 1.0f);
  constexpr float kLast = GaussianTailConstants::kTerm[9];
  return horner<GaussianTailConstants, 8>(kLast, s) * exp_steps(a * a * -0.5f);
}

__device__ inline float activation_steps(Activation kind, float x) {
  const float positive = x > 0 ? x : 0.0f;
  switch (kind) {
    case Activation::kSilu:
      return x / (1.0f + exp_steps(-x));
    case Activation::kGelu: {
      const float tail = gaussian_tail_steps(fabsf(x));
      return x < 0 ? x * tail : fmaf(-x, tail, x);
    }
    case Activation::kGeluTanh:
      return x / (1.0f + exp_steps(-(x * fmaf(x * x, kGeluCubic, 1.0f) * kGeluTwice)));
    case Activation::kQuickGelu:
      return x / (1.0f + exp_steps(x * -kQuickGelu));
    case Activation::kRelu:
      return positive;
    case Activation::kReluSquared:
      return positive * positive;
  }
  return x;
}

}  // namespace loci::kernels::cuda
