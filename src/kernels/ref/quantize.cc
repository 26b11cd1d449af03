#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "kernels/ref/ref.h"
#include "kernels/scaled_address.h"

namespace loci::kernels::ref {
namespace {

QuantizedBlock quantize_block(const float (&x)[kQuantizedColumns]) {
  float largest = 0;
  for (const float value : x) largest = std::max(largest, std::fabs(value));
  QuantizedBlock block{};
  if (std::ranges::any_of(x, [](float value) { return !std::isfinite(value); })) {
    block.scale = std::numeric_limits<float>::quiet_NaN();
    return block;
  }
  const float inverse = largest > kSmallestQuantized ? 127.0f / largest : 0.0f;
  block.scale = largest / 127.0f;
  int sums[2] = {};
  for (std::size_t i = 0; i < kQuantizedColumns; ++i) {
    const auto code = static_cast<int>(std::nearbyint(x[i] * inverse));
    block.codes[i] = static_cast<std::int8_t>(code);
    sums[i / 16] += code;
  }
  for (std::size_t half = 0; half < 2; ++half) {
    block.half_sums[half] = block.scale * static_cast<float>(sums[half]);
    block.half_offsets[half] = -128 * sums[half];
  }
  block.sum = block.scale * static_cast<float>(sums[0] + sums[1]);
  block.offset = -128 * (sums[0] + sums[1]);
  return block;
}

/// One row under one scale: its columns stand in blocks `stride` apart.
void scale_row(const std::vector<float>& x, ScaledBlock* blocks, std::ptrdiff_t stride, RowScale& scale) {
  for (std::size_t c = 0; c < x.size(); c += kScaledColumns)
    blocks[static_cast<std::ptrdiff_t>(c / kScaledColumns) * stride] = {};
  scale = {std::numeric_limits<float>::quiet_NaN(), 0};
  if (std::ranges::any_of(x, [](float value) { return !std::isfinite(value); })) return;
  float largest = 0;
  for (const float value : x) largest = std::max(largest, std::fabs(value));
  const float inverse = largest > kSmallestQuantized ? 127.0f / largest : 0.0f;
  scale.scale = largest / 127.0f;
  for (std::size_t c = 0; c < x.size(); ++c) {
    const auto code = static_cast<std::int8_t>(std::nearbyint(x[c] * inverse));
    blocks[static_cast<std::ptrdiff_t>(c / kScaledColumns) * stride].codes[c % kScaledColumns] = code;
    scale.offset -= 128 * code;
  }
}

void scale_rows(const QuantizeArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    std::vector<float> x(static_cast<std::size_t>(args.columns));
    for (std::ptrdiff_t t = begin; t < end; ++t) {
      for (std::size_t c = 0; c < x.size(); ++c)
        x[c] = args.input[t * args.columns + static_cast<std::ptrdiff_t>(
                                                 args.column_order != nullptr ? args.column_order[c] : c)];
      const int row = static_cast<int>(t), blocks = (args.columns + kScaledColumns - 1) / kScaledColumns;
      scale_row(x, args.scaled.blocks + scaled_at(row, 0, args.tokens, blocks),
                scaled_stride(row, args.tokens), args.scaled.scales[t]);
    }
  });
}

}  // namespace

void quantize(const QuantizeArgs& args, WorkerPool& pool) {
  if (args.scaled.blocks != nullptr) return scale_rows(args, pool);
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (std::ptrdiff_t t = begin; t < end; ++t)
      for (std::ptrdiff_t c = 0; c < args.columns; c += kQuantizedColumns) {
        float x[kQuantizedColumns];
        for (std::ptrdiff_t i = 0; i < kQuantizedColumns; ++i)
          x[i] = args.input[t * args.columns +
                            (args.column_order != nullptr ? args.column_order[c + i] : c + i)];
        args.output[c / kQuantizedColumns * args.tokens + t] = quantize_block(x);
      }
  });
}

}  // namespace loci::kernels::ref
