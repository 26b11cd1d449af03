#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/ops.h"

namespace loci::kernels {

/// Calls visit(i, count) for each sixteen features, and for the rest.
template <class Visit>
inline __attribute__((always_inline)) void for_each_lanes(int features, Visit visit) {
  int i = 0;
  for (; i + 16 <= features; i += 16) visit(i, 16);
  if (i < features) visit(i, features - i);
}

template <class Vec>
float mean_of(const float* input, int features) {
  Vec sum = Vec::zero();
  for_each_lanes(features, [&](int i, int count) { sum = sum + Vec::load_first(input + i, count); });
  return fold_sum(sum) / static_cast<float>(features);
}

/// The sum of squares of input - mean; lanes beyond the end add +0.
template <class Vec>
float sum_of_squares(const float* input, int features, float mean) {
  Vec squares = Vec::zero();
  const Vec shift = Vec::splat(mean);
  int i = 0;
  for (; i + 16 <= features; i += 16) {
    const Vec x = Vec::load(input + i) - shift;
    squares = fma(x, x, squares);
  }
  alignas(64) float rest[16] = {};
  for (int lane = 0; i + lane < features; ++lane) rest[lane] = input[i + lane] - mean;
  const Vec x = Vec::load(rest);
  return fold_sum(fma(x, x, squares));
}

template <class Vec>
void norm_group(const NormArgs& args, const float* input, int group, float* output) {
  const long first = offset(group, args.features);
  const float mean = args.kind == NormKind::kLayer ? mean_of<Vec>(input, args.features) : 0.0f;
  const float squares = sum_of_squares<Vec>(input, args.features, mean);
  const Vec shift = Vec::splat(mean);
  const Vec factor =
      Vec::splat(1.0f / __builtin_sqrtf(squares / static_cast<float>(args.features) + args.epsilon));
  for_each_lanes(args.features, [&](int i, int count) {
    const Vec x = (Vec::load_first(input + i, count) - shift) * factor;
    const Vec weight = Vec::load_first(args.weight + first + i, count);
    const Vec result = args.bias ? fma(x, weight, Vec::load_first(args.bias + first + i, count)) : x * weight;
    result.store_first(output + i, count);
  });
}

template <class Vec>
void norm(const NormArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, piece_of(offset(args.groups, args.features)), [&](int begin, int end) {
    for (int t = begin; t < end; ++t)
      for (int g = 0; g < args.groups; ++g)
        norm_group<Vec>(args, args.input + offset(t, args.input_stride) + offset(g, args.features), g,
                        args.output + offset(t, args.output_stride) + offset(g, args.features));
  });
}

}  // namespace loci::kernels
