#pragma once

#include <type_traits>

#include "kernels/activation.h"
#include "kernels/cpu/grain.h"
#include "kernels/cpu/math.inl.h"
#include "kernels/ops.h"

namespace loci::kernels {

template <class Vec, Activation kKind>
Vec activate_lanes(Vec x) {
  const Vec zero = Vec::zero(), one = Vec::splat(1.0f);
  if constexpr (kKind == Activation::kSilu) {
    return x / (one + exp_lanes(zero - x));
  } else if constexpr (kKind == Activation::kGelu) {
    const Vec tail = gaussian_tail_lanes(max(x, zero - x));
    return where_less(x, zero, x * tail, fma(zero - x, tail, x));
  } else if constexpr (kKind == Activation::kGeluTanh) {
    const Vec u = x * fma(x * x, Vec::splat(kGeluCubic), one) * Vec::splat(kGeluTwice);
    return x / (one + exp_lanes(zero - u));
  } else if constexpr (kKind == Activation::kQuickGelu) {
    return x / (one + exp_lanes(x * Vec::splat(-kQuickGelu)));
  } else {
    const Vec positive = max(x, zero);
    return kKind == Activation::kRelu ? positive : positive * positive;
  }
}

template <class Vec, Activation kKind>
void activate_row(const float* input, bool gated, int features, float* output) {
  for (int i = 0; i < features; i += 16) {
    const int count = features - i < 16 ? features - i : 16;
    const float* x = input + (gated ? 2 * i : i);
    Vec result = activate_lanes<Vec, kKind>(Vec::load_first(x, count));
    if (gated) result = result * Vec::load_first(x + 16, count);
    result.store_first(output + i, count);
  }
}

template <class Vec, Activation kKind>
void activate_as(const ActivateArgs& args, WorkerPool& pool) {
  const long stride = args.gated ? gated_width(args.features) : args.features;
  pool.for_each_chunk(args.tokens, piece_of(offset(args.features, 4)), [&](int begin, int end) {
    for (int t = begin; t < end; ++t)
      activate_row<Vec, kKind>(args.input + offset(t, stride), args.gated, args.features,
                               args.output + offset(t, args.features));
  });
}

/// f(constant) for the kind: what depends on it is then compiled for each.
template <class F>
void for_activation(Activation kind, F&& f) {
  switch (kind) {
    case Activation::kSilu:
      return f(std::integral_constant<Activation, Activation::kSilu>());
    case Activation::kGelu:
      return f(std::integral_constant<Activation, Activation::kGelu>());
    case Activation::kGeluTanh:
      return f(std::integral_constant<Activation, Activation::kGeluTanh>());
    case Activation::kQuickGelu:
      return f(std::integral_constant<Activation, Activation::kQuickGelu>());
    case Activation::kRelu:
      return f(std::integral_constant<Activation, Activation::kRelu>());
    case Activation::kReluSquared:
      return f(std::integral_constant<Activation, Activation::kReluSquared>());
  }
}

template <class Vec>
void activate(const ActivateArgs& args, WorkerPool& pool) {
  for_activation(args.kind, [&](auto kind) { activate_as<Vec, kind()>(args, pool); });
}

}  // namespace loci::kernels
