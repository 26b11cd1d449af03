// The activation functions, one IEEE operation a step; cpu/activate.inl.h repeats the steps lane by lane.
#pragma once

#include "kernels/math.h"
#include "kernels/op_args.h"

namespace loci::kernels {

/// GELU by tanh is x / (1 + exp(-2u)) with u = sqrt(2 / pi) (x + 0.044715 x^3) (Hendrycks and Gimpel 2016).
inline constexpr float kGeluCubic = 0.044715f, kGeluTwice = 1.59576912f;  // 2 sqrt(2 / pi)
inline constexpr float kQuickGelu = 1.702f;

inline float activation(Activation kind, float x) {
  switch (kind) {
    case Activation::kSilu:
      return x / (1.0f + exp_approx(-x));
    case Activation::kGelu: {  // x times the probability that a standard normal variable is below x
      const float tail = gaussian_tail(std::fabs(x));
      return x < 0 ? x * tail : std::fma(-x, tail, x);
    }
    case Activation::kGeluTanh: {
      const float u = x * std::fma(x * x, kGeluCubic, 1.0f) * kGeluTwice;
      return x / (1.0f + exp_approx(-u));
    }
    case Activation::kQuickGelu:
      return x / (1.0f + exp_approx(x * -kQuickGelu));
    case Activation::kRelu:
      return x > 0 ? x : 0.0f;
    case Activation::kReluSquared: {
      const float positive = x > 0 ? x : 0.0f;
      return positive * positive;
    }
  }
  return x;
}

}  // namespace loci::kernels
