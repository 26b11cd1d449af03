#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/ops.h"

namespace loci::kernels {

template <class Vec>
void rotate_head(float* head, const float* cos, const float* sin, int half) {
  for (int i = 0; i < half; i += 16) {
    const int count = half - i < 16 ? half - i : 16;
    const Vec x0 = Vec::load_first(head + i, count), x1 = Vec::load_first(head + half + i, count);
    const Vec c = Vec::load_first(cos + i, count), s = Vec::load_first(sin + i, count);
    fms(x0, c, x1 * s).store_first(head + i, count);
    fma(x1, c, x0 * s).store_first(head + half + i, count);
  }
}

template <class Vec>
void rope(const RopeArgs& args, WorkerPool& pool) {
  const int half = args.rotary_dim / 2;
  pool.for_each_chunk(
      args.tokens, piece_of(offset(args.head_count, args.rotary_dim)), [&](int begin, int end) {
        for (int t = begin; t < end; ++t)
          for (int h = 0; h < args.head_count; ++h) {
            float* head = args.heads + offset(t, args.stride) + offset(h, args.head_dim);
            rotate_head<Vec>(head, args.cos + offset(t, half), args.sin + offset(t, half), half);
          }
      });
}

}  // namespace loci::kernels
