#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/ops.h"

namespace loci::kernels {

template <class Vec>
void norm_row(const RmsNormArgs& args, const float* input, float* output) {
  const int whole = args.features / 16 * 16, tail = args.features - whole;
  Vec squares = Vec::zero();
  for (int i = 0; i < whole; i += 16) {
    const Vec x = Vec::load(input + i);
    squares = fma(x, x, squares);
  }
  const Vec last = Vec::load_first(input + whole, tail);
  squares = fma(last, last, squares);  // adds +0 to the lanes beyond the end

  const float mean = fold_sum(squares) / static_cast<float>(args.features);
  const Vec factor = Vec::splat(1.0f / __builtin_sqrtf(mean + args.epsilon));
  for (int i = 0; i < whole; i += 16)
    (Vec::load(input + i) * factor * Vec::load(args.weight + i)).store(output + i);
  (last * factor * Vec::load_first(args.weight + whole, tail)).store_first(output + whole, tail);
}

template <class Vec>
void rms_norm(const RmsNormArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, piece_of(args.features), [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      const long row = offset(t, args.features);
      norm_row<Vec>(args, args.input + row, args.output + row);
    }
  });
}

}  // namespace loci::kernels
