// Rows to bytes: a block of 32 columns is two vectors.
#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/ops.h"

namespace loci::kernels {

/// Two vectors as bytes.
template <class Vec>
inline __attribute__((always_inline)) void quantize_lanes(Vec low, Vec high, QuantizedBlock& block) {
  const float largest = fold_max(max(magnitude(low), magnitude(high)));
  const Vec inverse = Vec::splat(largest > kSmallestQuantized ? 127.0f / largest : 0.0f);
  low = low * inverse, high = high * inverse;
  if (any_nan(low, high)) {  // infinity * (127 / infinity) is no number either
    block = {};
    block.scale = __builtin_nanf("");
    return;
  }
  const float scale = largest / 127.0f;
  int sums[2];
  store_codes(low, high, block.codes, sums);
  block.scale = scale;
  block.sum = scale * static_cast<float>(sums[0] + sums[1]);
  block.offset = -128 * (sums[0] + sums[1]);
  for (int half = 0; half < 2; ++half) {
    block.half_sums[half] = scale * static_cast<float>(sums[half]);
    block.half_offsets[half] = -128 * sums[half];
  }
  block.unused = 0;
}

/// Rows that are walked side by side: what is written of a block of columns is then a run of lines, not one
/// line every so many pages.
static constexpr int kQuantizedTogether = 8;

template <class Vec>
void quantize_rows(const QuantizeArgs& args, int begin, int end) {
  for (long b = 0; b < args.columns / kQuantizedColumns; ++b)
    for (long t = begin; t < end; ++t) {
      const float* input = args.input + offset(t, args.columns);
      const float* x = input + b * kQuantizedColumns;
      float ordered[kQuantizedColumns];
      if (const std::uint32_t* order = args.column_order) {
        for (int i = 0; i < kQuantizedColumns; ++i) ordered[i] = input[order[b * kQuantizedColumns + i]];
        x = ordered;
      }
      quantize_lanes<Vec>(Vec::load(x), Vec::load(x + 16), args.output[offset(b, args.tokens) + t]);
    }
}

/// rows(args, begin, end) for all rows, kQuantizedTogether at a time, each of about `operations`.
template <class Vec, class Args, class Rows>
void for_each_rows(const Args& args, long operations, WorkerPool& pool, Rows rows) {
  pool.for_each_chunk(args.tokens, piece_of(operations, kQuantizedTogether), [&](int begin, int end) {
    for (; begin < end; begin += kQuantizedTogether)
      rows(args, begin, end - begin < kQuantizedTogether ? end : begin + kQuantizedTogether);
  });
}

template <class Vec>
void quantize(const QuantizeArgs& args, WorkerPool& pool) {
  for_each_rows<Vec>(args, offset(args.columns, 2), pool, quantize_rows<Vec>);
}

}  // namespace loci::kernels
