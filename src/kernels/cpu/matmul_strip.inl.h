// Matrix times a few tokens where a format is too long-winded for the inner loop of matmul_stream.inl.h: a
// strip of columns of a few panels is widened into a buffer of the first-level cache and multiplied from
// there. The weights are read from memory once; the sums stay in registers within a strip.
#pragma once

#include "kernels/cpu/matmul_stream.inl.h"
#include "kernels/cpu/widen.inl.h"

namespace loci::kernels {

static constexpr int kStripColumns = 64;  // four panels' strips: 16 KB

/// Adds `columns` columns of the strips, [panel][column][16], to the sums.
template <class Vec, int kTokens, int kPanels>
inline __attribute__((always_inline)) void add_strips(
    const float (&strips)[kPanels][kStripColumns][kPanelRows], const float* input, long stride, int columns,
    StreamSums<Vec, kTokens, kPanels>& sums) {
#pragma GCC unroll 4
  for (int c = 0; c < columns; ++c) {
    Vec x[kTokens];
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) x[t] = Vec::splat(input[c + t * stride]);
#pragma GCC unroll 16
    for (int p = 0; p < kPanels; ++p) {
      const Vec weight = Vec::load(strips[p][c]);
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) sums.sum[p][t] = fma(weight, x[t], sums.sum[p][t]);
    }
  }
}

/// The inputs of packed columns [first, first + columns), from wherever they stand.
template <int kTokens>
inline __attribute__((always_inline)) void gather_inputs(const MatmulArgs& args, long first, int columns,
                                                         float (&ordered)[kTokens][kStripColumns]) {
  const std::uint32_t* order = args.weight.column_order + first;
  for (int t = 0; t < kTokens; ++t)
    for (int c = 0; c < columns; ++c) ordered[t][c] = args.input[offset(t, args.weight.columns) + order[c]];
}

/// Asks for the bytes of a strip some way ahead (see kPrefetchBytes).
static inline void prefetch_strip(const std::byte* at, long bytes) {
  for (long line = 0; line < bytes; line += 64) __builtin_prefetch(at + kPrefetchBytes + line);
}

/// Panels [panel, panel + kPanels) times tokens [0, kTokens).
template <class Vec, int kTokens, int kPanels>
void strip_panels(const MatmulArgs& args, WidenColumns widen, int panel) {
  const long columns = args.weight.columns, panel_bytes = static_cast<long>(args.weight.panel_bytes());
  const std::byte* weights = args.weight.data + panel * panel_bytes;
  alignas(64) float strips[kPanels][kStripColumns][kPanelRows];
  float ordered[kTokens][kStripColumns];
  StreamSums<Vec, kTokens, kPanels> sums;
  for (int p = 0; p < kPanels; ++p)
    for (int t = 0; t < kTokens; ++t) sums.sum[p][t] = Vec::zero();

  for (long c = 0; c < columns; c += kStripColumns) {
    const int width = static_cast<int>(columns - c < kStripColumns ? columns - c : kStripColumns);
    for (int p = 0; p < kPanels; ++p) {
      const std::byte* data = weights + p * panel_bytes;
      prefetch_strip(data + panel_bytes * c / columns, panel_bytes * width / columns);
      widen(data, c, width, strips[p][0]);
    }
    if (args.weight.column_order == nullptr) {
      add_strips<Vec>(strips, args.input + c, columns, width, sums);
    } else {
      gather_inputs<kTokens>(args, c, width, ordered);
      add_strips<Vec>(strips, ordered[0], kStripColumns, width, sums);
    }
  }
  for (int p = 0; p < kPanels; ++p)
    for (int t = 0; t < kTokens; ++t) write_sums(args, panel + p, t, sums.sum[p][t]);
}

template <class Vec>
void matmul_strips(const MatmulArgs& args, WidenColumns widen, WorkerPool& pool) {
  with_stream_tokens(args.tokens, [&]<int kTokens>(Count<kTokens>) {
    for_each_stream_piece<Vec, kTokens>(args, pool, [&]<int kPanels>(Count<kPanels>, int panel) {
      strip_panels<Vec, kTokens, kPanels>(args, widen, panel);
    });
  });
}

}  // namespace loci::kernels
