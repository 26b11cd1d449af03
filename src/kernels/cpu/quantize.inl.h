// Rows to bytes: a block of 32 columns is two vectors.
#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/ops.h"
#include "kernels/scaled_address.h"

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

/// 32 columns of a row under the row's scale: their codes; adds up their sum. False where one is no number.
template <class Vec>
inline __attribute__((always_inline)) bool scale_lanes(Vec low, Vec high, Vec inverse, std::int8_t* codes,
                                                       int& sum) {
  low = low * inverse, high = high * inverse;
  if (any_nan(low, high)) return false;
  int sums[2];
  store_codes(low, high, codes, sums);
  sum += sums[0] + sums[1];
  return true;
}

/// Columns of rows [begin, end), at most kQuantizedTogether, under one scale a row, side by side: load(t, c)
/// are 16 columns from c on. They are loaded twice, for the largest first.
template <class Vec, class Load>
inline __attribute__((always_inline)) void scale_rows(const ScaledRows& rows, int tokens, int columns,
                                                      int begin, int end, Load load) {
  float inverses[kQuantizedTogether];
  int sums[kQuantizedTogether] = {};
  bool finite[kQuantizedTogether];
  for (int t = begin; t < end; ++t) {
    Vec low = Vec::zero(), high = Vec::zero();
    for (int c = 0; c < columns; c += kQuantizedColumns) {
      low = max(low, magnitude(load(t, c)));
      high = max(high, magnitude(load(t, c + 16)));
    }
    const float largest = fold_max(max(low, high));
    inverses[t - begin] = largest > kSmallestQuantized ? 127.0f / largest : 0.0f;
    finite[t - begin] = true;
    rows.scales[t].scale = largest / 127.0f;
  }
  const int blocks = (columns + kScaledColumns - 1) / kScaledColumns;
  const auto block_of = [&](int t, int c) -> ScaledBlock& {
    return rows.blocks[scaled_at(t, c / kScaledColumns, tokens, blocks)];
  };
  for (int c = 0; c < columns; c += kQuantizedColumns)
    for (int t = begin; t < end; ++t) {
      std::int8_t* codes = block_of(t, c).codes + c % kScaledColumns;
      const bool numbers =
          scale_lanes(load(t, c), load(t, c + 16), Vec::splat(inverses[t - begin]), codes, sums[t - begin]);
      finite[t - begin] = finite[t - begin] && numbers;
      if (c % kScaledColumns == 0 && columns - c == kQuantizedColumns)
        __builtin_memset(codes + kQuantizedColumns, 0, kQuantizedColumns);
    }
  for (int t = begin; t < end; ++t) {
    rows.scales[t].offset = -128 * sums[t - begin];
    if (finite[t - begin]) continue;
    rows.scales[t] = {__builtin_nanf(""), 0};
    for (int c = 0; c < columns; c += kScaledColumns) block_of(t, c) = {};
  }
}

template <class Vec>
void quantize_scaled_rows(const QuantizeArgs& args, int begin, int end) {
  scale_rows<Vec>(args.scaled, args.tokens, args.columns, begin, end, [&](int t, int c) {
    const float* input = args.input + offset(t, args.columns);
    if (args.column_order == nullptr) return Vec::load(input + c);
    float ordered[16];
    for (int i = 0; i < 16; ++i) ordered[i] = input[args.column_order[c + i]];
    return Vec::load(ordered);
  });
}

template <class Vec>
void quantize(const QuantizeArgs& args, WorkerPool& pool) {
  if (args.scaled.blocks != nullptr)
    return for_each_rows<Vec>(args, offset(args.columns, 2), pool, quantize_scaled_rows<Vec>);
  for_each_rows<Vec>(args, offset(args.columns, 2), pool, quantize_rows<Vec>);
}

}  // namespace loci::kernels
