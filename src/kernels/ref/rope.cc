#include <cmath>

#include "kernels/ref/ref.h"

namespace loci::kernels::ref {
namespace {

void rotate_head(float* head, const float* cos, const float* sin, int half) {
  for (int i = 0; i < half; ++i) {
    const float x0 = head[i], x1 = head[i + half];
    head[i] = std::fma(x0, cos[i], -(x1 * sin[i]));
    head[i + half] = std::fma(x1, cos[i], x0 * sin[i]);
  }
}

}  // namespace

void rope(const RopeArgs& args, WorkerPool& pool) {
  const int half = args.rotary_dim / 2;
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (int t = begin; t < end; ++t)
      for (int h = 0; h < args.head_count; ++h) {
        const auto angles = static_cast<std::ptrdiff_t>(t) * half;
        float* head = args.heads + static_cast<std::ptrdiff_t>(t) * args.stride + h * args.head_dim;
        rotate_head(head, args.cos + angles, args.sin + angles, half);
      }
  });
}

}  // namespace loci::kernels::ref
