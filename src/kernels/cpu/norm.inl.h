#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/cpu/quantize.inl.h"
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

/// What a run of features is shifted and scaled by, before its weight.
struct Moments {
  float mean, factor;
};

template <class Vec>
Moments moments_of(const NormArgs& args, const float* input) {
  const float mean = args.kind == NormKind::kLayer ? mean_of<Vec>(input, args.features) : 0.0f;
  const float squares = sum_of_squares<Vec>(input, args.features, mean);
  return {mean, 1.0f / __builtin_sqrtf(squares / static_cast<float>(args.features) + args.epsilon)};
}

/// Elements [i, i + count) of the weights, of a group whose input and moments these are.
template <class Vec>
inline __attribute__((always_inline)) Vec normed(const NormArgs& args, const float* input,
                                                 const Moments& moments, long i, int count) {
  const Vec x = (Vec::load_first(input, count) - Vec::splat(moments.mean)) * Vec::splat(moments.factor);
  const Vec weight = Vec::load_first(args.weight + i, count);
  return args.bias ? fma(x, weight, Vec::load_first(args.bias + i, count)) : x * weight;
}

template <class Vec>
void norm_group(const NormArgs& args, const float* input, int group, float* output) {
  const Moments moments = moments_of<Vec>(args, input);
  for_each_lanes(args.features, [&](int i, int count) {
    normed<Vec>(args, input + i, moments, offset(group, args.features) + i, count)
        .store_first(output + i, count);
  });
}

/// Rows [begin, end), at most kQuantizedTogether, side by side.
template <class Vec>
void norm_to_bytes(const NormArgs& args, int begin, int end) {
  const auto input = [&](int t) { return args.input + offset(t, args.input_stride); };
  Moments moments[kQuantizedTogether];
  for (int t = begin; t < end; ++t) moments[t - begin] = moments_of<Vec>(args, input(t));
  for (int i = 0; i < args.features; i += kQuantizedColumns)
    for (int t = begin; t < end; ++t) {
      const Vec low = normed<Vec>(args, input(t) + i, moments[t - begin], i, 16);
      const Vec high = normed<Vec>(args, input(t) + i + 16, moments[t - begin], i + 16, 16);
      quantize_lanes(low, high, args.bytes[offset(i / kQuantizedColumns, args.tokens) + t]);
    }
}

/// The same under one scale a row.
template <class Vec>
void norm_to_scaled(const NormArgs& args, int begin, int end) {
  const auto input = [&](int t) { return args.input + offset(t, args.input_stride); };
  Moments moments[kQuantizedTogether];
  for (int t = begin; t < end; ++t) moments[t - begin] = moments_of<Vec>(args, input(t));
  scale_rows<Vec>(args.scaled, args.tokens, args.features, begin, end,
                  [&](int t, int i) { return normed<Vec>(args, input(t) + i, moments[t - begin], i, 16); });
}

template <class Vec>
void norm(const NormArgs& args, WorkerPool& pool) {
  const long features = offset(args.groups, args.features);
  if (args.scaled.blocks != nullptr) return for_each_rows<Vec>(args, 4 * features, pool, norm_to_scaled<Vec>);
  if (args.bytes != nullptr) return for_each_rows<Vec>(args, 3 * features, pool, norm_to_bytes<Vec>);
  pool.for_each_chunk(args.tokens, piece_of(features), [&](int begin, int end) {
    for (int t = begin; t < end; ++t)
      for (int g = 0; g < args.groups; ++g)
        norm_group<Vec>(args, args.input + offset(t, args.input_stride) + offset(g, args.features), g,
                        args.output + offset(t, args.output_stride) + offset(g, args.features));
  });
}

}  // namespace loci::kernels
