// Matrix times rows of bytes (quantized_rows.h), one row or five hundred: the same instructions for either,
// in the same order for each output.
//
// The unit is 32 columns of kTilePanels panels, whose codes fill half of the registers. All rows of a block
// of tokens pass by it, kTileRows at a time, so that the chains of dot products hide each other's latency:
// per row and panel eight dot products of four columns (each from a word of inputs that is broadcast out of
// memory, an operation of the load ports), a conversion, the product of the scales and one fused multiply-add
// to the row's sums, which wait in the first level of the cache. A few rows are bound by the memory that the
// codes come from, many by the multipliers.
#pragma once

#include "kernels/cpu/integer_codes.inl.h"
#include "kernels/cpu/matmul_stream.inl.h"

namespace loci::kernels {

/// Rows at a time: their sums (16 KB with two panels) and a block's inputs (8 KB) share the first-level cache
/// with what is prefetched.
static constexpr int kIntegerRows = 128;
static constexpr int kTileRows = 4;
static constexpr int kIntegerPanels = 8;  // whose sums are written together

/// The dot products of one half (kWords = 4) or of all 32 columns (8), scaled and added to `sum`.
template <class Vec, class Columns, int kPanels, int kRows, int kWord, int kWords>
inline __attribute__((always_inline)) void add_products(const Columns (&columns)[kPanels],
                                                        const QuantizedBlock* inputs,
                                                        Vec (&sums)[kRows][kPanels]) {
  using Words = typename Vec::Words;
  constexpr bool kHalf = kWords == 4;
  constexpr int kScale = kWord / 4;
  Words dots[kRows][kPanels];
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    const Words start = Columns::kMinimum ? Words::zero()
                        : kHalf           ? Words::splat(&inputs[t].half_offsets[kScale])
                                          : Words::splat(&inputs[t].offset);
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) dots[t][p] = start;
  }
#pragma GCC unroll 8
  for (int w = kWord; w < kWord + kWords; ++w)
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const Words x = Words::splat(inputs[t].codes + 4 * w);
#pragma GCC unroll 2
      for (int p = 0; p < kPanels; ++p) dots[t][p] = dot_bytes(dots[t][p], columns[p].codes[w], x);
    }
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t)
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      const Vec scale = columns[p].scale[kScale] * Vec::splat(inputs[t].scale);
      sums[t][p] = fma(Vec::from_words(dots[t][p]), scale, sums[t][p]);
      if constexpr (Columns::kMinimum)
        sums[t][p] = fma(columns[p].minimum[kScale],
                         Vec::splat(kHalf ? inputs[t].half_sums[kScale] : inputs[t].sum), sums[t][p]);
    }
}

/// Rows [0, kRows) of a block of 32 columns; `sums` is [row][panel][16].
template <class Vec, class Columns, int kPanels, int kRows>
inline __attribute__((always_inline)) void add_rows(const Columns (&columns)[kPanels],
                                                    const QuantizedBlock* inputs, float* sums) {
  Vec sum[kRows][kPanels];
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t)
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) sum[t][p] = Vec::load(sums + (t * kPanels + p) * kPanelRows);
  if constexpr (Columns::kHalves) {
    add_products<Vec, Columns, kPanels, kRows, 0, 4>(columns, inputs, sum);
    add_products<Vec, Columns, kPanels, kRows, 4, 4>(columns, inputs, sum);
  } else {
    add_products<Vec, Columns, kPanels, kRows, 0, 8>(columns, inputs, sum);
  }
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t)
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) sum[t][p].store(sums + (t * kPanels + p) * kPanelRows);
}

/// The rows that are left, two and one at a time.
template <class Vec, class Columns, int kPanels, int kRows>
inline __attribute__((always_inline)) void add_last_rows(const Columns (&columns)[kPanels],
                                                         const QuantizedBlock* inputs, float* sums, int t,
                                                         int rows) {
  for (; t + kRows <= rows; t += kRows)
    add_rows<Vec, Columns, kPanels, kRows>(columns, inputs + t, sums + t * kPanels * kPanelRows);
  if constexpr (kRows > 1) add_last_rows<Vec, Columns, kPanels, kRows / 2>(columns, inputs, sums, t, rows);
}

/// Asks for the part of the weights that is needed some blocks later (kPrefetchBytes).
template <class Integers>
inline __attribute__((always_inline)) void prefetch_integers(const std::byte* block, int k) {
  constexpr int kLines = (Integers::kBytes / Integers::kBlocks + 63) / 64;
  const std::byte* at = block + kPrefetchBytes + k * (Integers::kBytes / Integers::kBlocks);
#pragma GCC unroll 10
  for (int line = 0; line < kLines; ++line) __builtin_prefetch(at + 64 * line);
}

/// Panels [panel, panel + kPanels) times rows [first, first + rows), rows <= kIntegerRows. `sums`:
/// [row][panel][16].
template <class Vec, class Integers, int kPanels>
void sum_integer_panels(const MatmulArgs& args, int panel, int first, int rows, float* sums) {
  using Columns = typename Integers::Columns;
  for (int i = 0; i < rows * kPanels; ++i) Vec::zero().store(sums + i * kPanelRows);
  const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
  const std::byte* weights = args.weight.data + panel * panel_bytes;
  const QuantizedBlock* inputs = args.quantized + first;
  const int stored_blocks = args.weight.columns / (Integers::kBlocks * kQuantizedColumns);
  for (int b = 0; b < stored_blocks; ++b, weights += Integers::kBytes)
    for (int k = 0; k < Integers::kBlocks; ++k, inputs += args.tokens) {
      Columns columns[kPanels];
#pragma GCC unroll 2
      for (int p = 0; p < kPanels; ++p) {
        prefetch_integers<Integers>(weights + p * panel_bytes, k);
        Integers::read(weights + p * panel_bytes, k, columns[p]);
      }
      int t = 0;
      for (; t + kTileRows <= rows; t += kTileRows)
        add_rows<Vec, Columns, kPanels, kTileRows>(columns, inputs + t, sums + t * kPanels * kPanelRows);
      add_last_rows<Vec, Columns, kPanels, kTileRows / 2>(columns, inputs, sums, t, rows);
    }
}

/// Panels [begin, end), at most kIntegerPanels, times rows [first, first + rows). The sums are written at the
/// end, row by row: rows of the output lie in different pages, and a page's way into the tables of the
/// processor is dear.
template <class Vec, class Integers>
void run_integer_panels(const MatmulArgs& args, int begin, int end, int first, int rows) {
  constexpr int kPanels = Vec::kTilePanels;
  alignas(64) float sums[kIntegerPanels * kIntegerRows * kPanelRows];
  const auto sums_of = [&](int panel) { return sums + (panel - begin) * rows * kPanelRows; };
  int panel = begin;
  for (; panel + kPanels <= end; panel += kPanels)
    sum_integer_panels<Vec, Integers, kPanels>(args, panel, first, rows, sums_of(panel));
  const int single = panel;  // from here on panels stand alone
  for (; panel < end; ++panel) sum_integer_panels<Vec, Integers, 1>(args, panel, first, rows, sums_of(panel));
  finish_panels<Vec>(args, end, first, PanelSums<Vec>{sums, begin, single, kPanels, rows});
}

template <class Vec, class Integers>
void matmul_integers(const MatmulArgs& args, WorkerPool& pool) {
  const int panels = args.weight.panels();
  const int rows = args.tokens < kIntegerRows ? args.tokens : kIntegerRows;
  const int step = args.mode == MatmulOutput::kActivate ? kActivatedPanels : Vec::kTilePanels;
  int piece = piece_of(offset(args.weight.columns, 2L * rows), step);
  if (rows > kTileRows && piece < kIntegerPanels) piece = kIntegerPanels;
  const int pieces = (panels + piece - 1) / piece,
            row_blocks = (args.tokens + kIntegerRows - 1) / kIntegerRows;
  pool.for_each_chunk(pieces * row_blocks, 1, [&](int begin, int end) {
    for (int i = begin; i < end; ++i) {
      const int first = i / pieces * kIntegerRows, left = args.tokens - first;
      const int count = left < kIntegerRows ? left : kIntegerRows;
      const int last = (i % pieces + 1) * piece < panels ? (i % pieces + 1) * piece : panels;
      for (int panel = i % pieces * piece; panel < last; panel += kIntegerPanels)
        run_integer_panels<Vec, Integers>(
            args, panel, last - panel < kIntegerPanels ? last : panel + kIntegerPanels, first, count);
    }
  });
}

/// The multiplication for a type that integer_format() knows; nullptr for others.
template <class Vec>
auto integer_matmul(DType dtype) -> void (*)(const MatmulArgs&, WorkerPool&) {
  switch (dtype) {
    case DType::kQ8_0:
      return matmul_integers<Vec, IntegersQ8_0<Vec>>;
    case DType::kQ4_0:
      return matmul_integers<Vec, IntegersQ4_0<Vec>>;
    case DType::kQ4_1:
      return matmul_integers<Vec, IntegersQ4_1<Vec>>;
    case DType::kQ5_0:
      return matmul_integers<Vec, IntegersQ5_0<Vec>>;
    case DType::kQ5_1:
      return matmul_integers<Vec, IntegersQ5_1<Vec>>;
    case DType::kQ2_K:
      return matmul_integers<Vec, IntegersQ2_K<Vec>>;
    case DType::kQ3_K:
      return matmul_integers<Vec, IntegersQ3_K<Vec>>;
    case DType::kQ4_K:
      return matmul_integers<Vec, IntegersQ4_K<Vec>>;
    case DType::kQ5_K:
      return matmul_integers<Vec, IntegersQ5_K<Vec>>;
    case DType::kQ6_K:
      return matmul_integers<Vec, IntegersQ6_K<Vec>>;
    case DType::kIQ4_NL:
      return matmul_integers<Vec, IntegersIQ4_NL<Vec>>;
    case DType::kIQ4_XS:
      return matmul_integers<Vec, IntegersIQ4_XS<Vec>>;
    case DType::kInt4:
      return matmul_integers<Vec, IntegersInt4<Vec>>;
    case DType::kInt8:
      return matmul_integers<Vec, IntegersInt8<Vec>>;
    default:
      return nullptr;
  }
}

}  // namespace loci::kernels
