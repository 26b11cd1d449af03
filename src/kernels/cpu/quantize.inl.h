// Rows to bytes: a block of 32 columns is two vectors.
#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/ops.h"

namespace loci::kernels {

/// To the nearest integer, halves to even, of values below 2^22: the sum has no bits for a fraction.
template <class Vec>
Vec round_to_integers(Vec x) {
  const Vec shift = Vec::splat(0x1.8p+23f);
  return (x + shift) - shift;
}

template <class Vec>
void quantize_block(const float* x, QuantizedBlock& block) {
  const Vec low = Vec::load(x), high = Vec::load(x + 16);
  const float largest = fold_max(max(max(low, Vec::zero() - low), max(high, Vec::zero() - high)));
  const Vec inverse = Vec::splat(largest > 0 ? 127.0f / largest : 0.0f);
  const Vec low_codes = round_to_integers(low * inverse), high_codes = round_to_integers(high * inverse);
  const float sums[2] = {fold_sum(low_codes), fold_sum(high_codes)};  // of small integers: exact
  const float sum = sums[0] + sums[1];
  if (sum != sum) {  // infinity * (127 / infinity) is no number either
    block = {};
    block.scale = __builtin_nanf("");
    return;
  }
  low_codes.store_bytes(block.codes);
  high_codes.store_bytes(block.codes + 16);
  block.scale = largest / 127.0f;
  block.sum = block.scale * sum;
  block.offset = -128 * static_cast<int>(sum);
  for (int half = 0; half < 2; ++half) {
    block.half_sums[half] = block.scale * sums[half];
    block.half_offsets[half] = -128 * static_cast<int>(sums[half]);
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
      quantize_block<Vec>(x, args.output[offset(b, args.tokens) + t]);
    }
}

template <class Vec>
void quantize(const QuantizeArgs& args, WorkerPool& pool) {
  const int piece = piece_of(offset(args.columns, 2), kQuantizedTogether);
  pool.for_each_chunk(args.tokens, piece, [&](int begin, int end) {
    for (; begin < end; begin += kQuantizedTogether)
      quantize_rows<Vec>(args, begin, end - begin < kQuantizedTogether ? end : begin + kQuantizedTogether);
  });
}

}  // namespace loci::kernels
