#include <cmath>
#include <vector>

#include "kernels/ref/lanes.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::ref {
namespace {

float mean_of(const float* input, int features) {
  Lanes sums;
  for (int i = 0; i < features; ++i) sums.lane[i % kLanes] += input[i];
  return fold_sum(sums) / static_cast<float>(features);
}

void norm_group(const NormArgs& args, const float* input, int group, float* output) {
  const float mean = args.kind == NormKind::kLayer ? mean_of(input, args.features) : 0.0f;
  Lanes squares;
  for (int i = 0; i < args.features; ++i) {
    float& sum = squares.lane[i % kLanes];
    sum = std::fma(input[i] - mean, input[i] - mean, sum);
  }
  const float factor = 1.0f / std::sqrt(fold_sum(squares) / static_cast<float>(args.features) + args.epsilon);
  const float* weight = args.weight + static_cast<std::ptrdiff_t>(group) * args.features;
  const float* bias = args.bias ? args.bias + static_cast<std::ptrdiff_t>(group) * args.features : nullptr;
  for (int i = 0; i < args.features; ++i) {
    const float x = (input[i] - mean) * factor;
    output[i] = bias ? std::fma(x, weight[i], bias[i]) : x * weight[i];
  }
}

}  // namespace

void norm(const NormArgs& args, WorkerPool& pool) {
  if (args.bytes != nullptr || args.scaled.blocks != nullptr) {
    std::vector<float> output(static_cast<std::size_t>(args.tokens) *
                              static_cast<std::size_t>(args.features));
    NormArgs in_floats = args;
    in_floats.bytes = nullptr;
    in_floats.scaled = {};
    in_floats.output = output.data();
    in_floats.output_stride = args.features;
    norm(in_floats, pool);
    return quantize({output.data(), args.tokens, args.features, nullptr, args.bytes, args.scaled}, pool);
  }
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (int t = begin; t < end; ++t)
      for (int g = 0; g < args.groups; ++g) {
        const auto first = static_cast<std::ptrdiff_t>(g) * args.features;
        norm_group(args, args.input + static_cast<std::ptrdiff_t>(t) * args.input_stride + first, g,
                   args.output + static_cast<std::ptrdiff_t>(t) * args.output_stride + first);
      }
  });
}

}  // namespace loci::kernels::ref
