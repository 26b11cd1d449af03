#include <cmath>

#include "kernels/ref/lanes.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::ref {
namespace {

void norm_row(const RmsNormArgs& args, const float* input, float* output) {
  Lanes squares;
  for (int i = 0; i < args.features; ++i) {
    float& sum = squares.lane[i % kLanes];
    sum = std::fma(input[i], input[i], sum);
  }
  const float factor = 1.0f / std::sqrt(fold_sum(squares) / static_cast<float>(args.features) + args.epsilon);
  for (int i = 0; i < args.features; ++i) output[i] = input[i] * factor * args.weight[i];
}

}  // namespace

void rms_norm(const RmsNormArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      const auto row = static_cast<std::ptrdiff_t>(t) * args.features;
      norm_row(args, args.input + row, args.output + row);
    }
  });
}

}  // namespace loci::kernels::ref
