#pragma once

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
void activate_row(const float* input, const float* up, int features, float* output) {
  for (int i = 0; i < features; i += 16) {
    const int count = features - i < 16 ? features - i : 16;
    Vec result = activate_lanes<Vec, kKind>(Vec::load_first(input + i, count));
    if (up != nullptr) result = result * Vec::load_first(up + i, count);
    result.store_first(output + i, count);
  }
}

template <class Vec, Activation kKind>
void activate_as(const ActivateArgs& args, WorkerPool& pool) {
  const long stride = (args.gated ? 2L : 1L) * args.features;
  pool.for_each_chunk(args.tokens, piece_of(offset(args.features, 4)), [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      const float* input = args.input + offset(t, stride);
      activate_row<Vec, kKind>(input, args.gated ? input + args.features : nullptr, args.features,
                               args.output + offset(t, args.features));
    }
  });
}

template <class Vec>
void activate(const ActivateArgs& args, WorkerPool& pool) {
  switch (args.kind) {
    case Activation::kSilu:
      return activate_as<Vec, Activation::kSilu>(args, pool);
    case Activation::kGelu:
      return activate_as<Vec, Activation::kGelu>(args, pool);
    case Activation::kGeluTanh:
      return activate_as<Vec, Activation::kGeluTanh>(args, pool);
    case Activation::kQuickGelu:
      return activate_as<Vec, Activation::kQuickGelu>(args, pool);
    case Activation::kRelu:
      return activate_as<Vec, Activation::kRelu>(args, pool);
    case Activation::kReluSquared:
      return activate_as<Vec, Activation::kReluSquared>(args, pool);
  }
}

}  // namespace loci::kernels
