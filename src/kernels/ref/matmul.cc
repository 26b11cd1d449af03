#include <cmath>

#include "kernels/ref/ref.h"

namespace loci::kernels::ref {
namespace {

float dot(const PackedMatrix& weight, int row, const float* input) {
  float sum = 0;
  for (int c = 0; c < weight.columns; ++c) sum = std::fma(weight_at(weight, row, c), input[c], sum);
  return sum;
}

}  // namespace

void matmul(const MatmulArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.weight.rows, 1, [&](int begin, int end) {
    for (int r = begin; r < end; ++r)
      for (int t = 0; t < args.tokens; ++t) {
        const float sum =
            dot(args.weight, r, args.input + static_cast<std::ptrdiff_t>(t) * args.weight.columns);
        float& output = args.output[static_cast<std::ptrdiff_t>(t) * args.output_stride + r];
        output = args.mode == MatmulOutput::kAccumulate ? output + sum : sum;
      }
  });
}

}  // namespace loci::kernels::ref
