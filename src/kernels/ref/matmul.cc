#include <cmath>
#include <vector>

#include "kernels/ref/ref.h"

namespace loci::kernels::ref {
namespace {

float dot(const std::vector<float>& weights, const std::uint32_t* order, const float* input) {
  float sum = 0;
  for (std::size_t c = 0; c < weights.size(); ++c)
    sum = std::fma(weights[c], input[order != nullptr ? order[c] : c], sum);
  return sum;
}

}  // namespace

void matmul(const MatmulArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.weight.rows, 1, [&](int begin, int end) {
    std::vector<float> weights(static_cast<std::size_t>(args.weight.columns));
    for (int r = begin; r < end; ++r) {
      unpack_row(args.weight, r, weights.data());
      for (int t = 0; t < args.tokens; ++t) {
        const float* input = args.input + static_cast<std::ptrdiff_t>(t) * args.weight.columns;
        float sum = dot(weights, args.weight.column_order, input);
        if (args.bias != nullptr) sum = sum + args.bias[r];
        float& output = args.output[static_cast<std::ptrdiff_t>(t) * args.output_stride + r];
        output = args.mode == MatmulOutput::kAccumulate ? output + sum : sum;
      }
    }
  });
}

}  // namespace loci::kernels::ref
