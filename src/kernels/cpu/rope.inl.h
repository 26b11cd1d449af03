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

/// Heads [begin, end) of a token.
template <class Vec>
void rotate_heads(const RopeArgs& args, int token, int begin, int end) {
  const int half = args.rotary_dim / 2;
  const float *cos = args.cos + offset(token, half), *sin = args.sin + offset(token, half);
  for (int h = begin; h < end; ++h)
    rotate_head<Vec>(args.heads + offset(token, args.stride) + offset(h, args.head_dim), cos, sin, half);
}

template <class Vec>
void rope(const RopeArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, piece_of(offset(args.head_count, args.rotary_dim)),
                      [&](int begin, int end) {
                        for (int t = begin; t < end; ++t) rotate_heads<Vec>(args, t, 0, args.head_count);
                      });
}

}  // namespace loci::kernels
