// Matrix of W8A8 times rows of bytes with one scale a row (quantized_rows.h): the sums stay integers, in
// registers, over all columns, and are converted and scaled once. Integers have no order, so that any way to
// walk them gives the same bits.
//
// A few rows by several panels, read once at the speed of the memory; or kTileTokens rows by kTilePanels
// panels, which come out of the caches for the next rows: each word of inputs is broadcast from memory, an
// operation of the load ports, for as many dot products as there are panels.
#pragma once

#include "base/check.h"
#include "kernels/cpu/matmul_output.inl.h"
#include "kernels/cpu/matmul_stream.inl.h"
#include "kernels/scaled_address.h"
#include "tensor/formats/w8a8.h"

namespace loci::kernels {

static constexpr int kScaledRows = 128;                       // that a piece of work has at most
static constexpr int kScaledPanels = 8;                       // whose results are written together: 64 KB
static constexpr int kWordColumns = 4;                        // of a word
static constexpr int kWordBytes = kWordColumns * kPanelRows;  // of 16 rows
static constexpr long kCodesAt = kPanelRows * sizeof(float);  // in a panel, behind the rows' scales

/// The results of panels [panel, panel + kPanels) and rows [first, first + kRows): [row][panel][16].
template <class Vec, int kRows, int kPanels>
void multiply_scaled(const MatmulArgs& args, int panel, int first, float* results) {
  using Words = typename Vec::Words;
  const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
  const std::byte* panels = args.weight.data + panel * panel_bytes;
  const std::byte* codes = panels + kCodesAt;
  const RowScale* scales = args.scaled.scales + first;
  const int blocks = (args.weight.columns + kScaledColumns - 1) / kScaledColumns;
  const ScaledBlock* inputs = args.scaled.blocks + scaled_at(first, 0, args.tokens, blocks);
  const int stride = scaled_stride(first, args.tokens);
  typename Vec::Dots dots[kRows][kPanels] = {};
  for (int begin = 0; begin < args.weight.columns; begin += kScaledColumns, inputs += stride) {
    const int left = args.weight.columns - begin, end = left < kScaledColumns ? left : kScaledColumns;
    for (int c = 0; c < end; c += kWordColumns, codes += kWordBytes) {
      Words columns[kPanels];
#pragma GCC unroll 4
      for (int p = 0; p < kPanels; ++p) {
        __builtin_prefetch(codes + p * panel_bytes + kPrefetchBytes);
        columns[p] = Words::load(codes + p * panel_bytes);
      }
#pragma GCC unroll 16
      for (int t = 0; t < kRows; ++t) {
        const Words x = Words::splat(inputs[t].codes + c);
#pragma GCC unroll 4
        for (int p = 0; p < kPanels; ++p) dots[t][p].add(columns[p], x);
      }
    }
  }
  for (int p = 0; p < kPanels; ++p) {
    const Vec weight_scale = Vec::load(reinterpret_cast<const float*>(panels + p * panel_bytes));
    for (int t = 0; t < kRows; ++t)
      (Vec::from_words(dots[t][p].words() + Words::splat(&scales[t].offset)) *
       (weight_scale * Vec::splat(scales[t].scale)))
          .store(results + (t * kPanels + p) * kPanelRows);
  }
}

/// Rows [first, end) of one group: kRows at a time, then what is left at once.
template <class Vec, int kRows, int kPanels>
void multiply_scaled_rows(const MatmulArgs& args, int panel, int first, int end, float* results) {
  for (; first + kRows <= end; first += kRows, results += kRows * kPanels * kPanelRows)
    multiply_scaled<Vec, kRows, kPanels>(args, panel, first, results);
  if constexpr (kRows > 1)
    if (first < end) multiply_scaled_rows<Vec, kRows - 1, kPanels>(args, panel, first, end, results);
}

/// Rows [first, end), group by group.
template <class Vec, int kRows, int kPanels>
void multiply_scaled_groups(const MatmulArgs& args, int panel, int first, int end, float* results) {
  for (int row = first; row < end; row += kScaledGroup) {
    const int last = row + kScaledGroup < end ? row + kScaledGroup : end;
    multiply_scaled_rows<Vec, kRows, kPanels>(args, panel, row, last,
                                              results + offset(row - first, kPanels * kPanelRows));
  }
}

/// Panels [begin, end), at most kScaledPanels, by rows [first, first + rows), so many of either at a time.
template <class Vec, int kRows, int kPanels>
void run_scaled_panels(const MatmulArgs& args, int begin, int end, int first, int rows) {
  alignas(64) float results[kScaledPanels * kScaledRows * kPanelRows];
  const auto results_of = [&](int panel) { return results + offset(panel - begin, rows) * kPanelRows; };
  int panel = begin;
  for (; panel + kPanels <= end; panel += kPanels)
    multiply_scaled_groups<Vec, kRows, kPanels>(args, panel, first, first + rows, results_of(panel));
  const int single = panel;  // from here on panels stand alone
  for (; panel < end; ++panel)
    multiply_scaled_groups<Vec, kRows, 1>(args, panel, first, first + rows, results_of(panel));
  finish_panels<Vec>(args, end, first, PanelSums<Vec>{results, begin, single, kPanels, rows});
}

template <class Vec, int kRows, int kPanels>
void multiply_all_scaled(const MatmulArgs& args, WorkerPool& pool) {
  static_assert(kScaledPanels % kPanels == 0 && kScaledRows % kScaledGroup == 0);
  const int panels = args.weight.panels();
  const int rows = args.tokens < kScaledRows ? args.tokens : kScaledRows;
  const int step = args.mode == MatmulOutput::kActivate ? kActivatedPanels : kPanels;
  int piece = piece_of(offset(args.weight.columns, rows), step);
  if (rows > kStreamTokens && piece < kScaledPanels) piece = kScaledPanels;
  const int pieces = (panels + piece - 1) / piece, row_blocks = (args.tokens + kScaledRows - 1) / kScaledRows;
  pool.for_each_chunk(pieces * row_blocks, 1, [&](int begin, int end) {
    for (int i = begin; i < end; ++i) {
      const int first = i / pieces * kScaledRows, left = args.tokens - first;
      const int last = (i % pieces + 1) * piece < panels ? (i % pieces + 1) * piece : panels;
      for (int panel = i % pieces * piece; panel < last; panel += kScaledPanels)
        run_scaled_panels<Vec, kRows, kPanels>(args, panel,
                                               last - panel < kScaledPanels ? last : panel + kScaledPanels,
                                               first, left < kScaledRows ? left : kScaledRows);
    }
  });
}

template <class Vec>
void matmul_scaled(const MatmulArgs& args, WorkerPool& pool) {
  LOCI_CHECK(args.weight.dtype == DType::kW8A8 && args.weight.columns <= static_cast<int>(kMostW8A8Columns));
  if (args.tokens > kStreamTokens)
    return multiply_all_scaled<Vec, Vec::kTileTokens, Vec::kTilePanels>(args, pool);
  constexpr int kPanels = stream_panels_at_once<Vec>(kStreamTokens);
  if (args.tokens == 1) return multiply_all_scaled<Vec, 1, stream_panels_at_once<Vec>(1)>(args, pool);
  multiply_all_scaled<Vec, kStreamTokens, kPanels>(args, pool);
}

}  // namespace loci::kernels
