// Matrix times many tokens, blocked for the caches.
//
// A piece of work is a group of panels times all tokens. Of these, kBlockTokens tokens and kBlockColumns
// columns are taken at a time: the inputs are copied together (power-of-two row lengths would fall into few
// cache sets), each pair of panels is dequantized once, and tiles of kTileTokens tokens by kTilePanels panels
// run in registers. Partial sums wait in a buffer between column blocks, as floats, which is what they are in
// a register: blocking changes no bit. The buffers, about 190 KB, are on the stack.
#pragma once

#include "kernels/cpu/matmul_output.inl.h"
#include "kernels/cpu/widen.inl.h"

namespace loci::kernels {

static constexpr int kBlockColumns = 256;  // weights of a pair of panels: 32 KB of the first-level cache
static constexpr int kBlockTokens = 96;    // with their copies of the inputs: 100 KB of the second level
static constexpr int kGroupPanels = 8;
static constexpr int kInputStride = kBlockColumns + 16;  // one cache line off the power of two

struct alignas(64) TileBuffers {
  float inputs[kBlockTokens][kInputStride];
  float weights[2][kBlockColumns][kPanelRows];
  float sums[kGroupPanels][kBlockTokens][kPanelRows];
};

/// Columns [0, columns) of tokens [0, kTokens) times kPanels panels, added to the sums.
/// `weights[p]` is [column][16], `inputs` [token][kInputStride], `sums[p]` [token][16].
template <class Vec, int kTokens, int kPanels>
void run_tile(const float* const (&weights)[kPanels], const float* inputs, int columns,
              float* const (&sums)[kPanels]) {
  Vec sum[kPanels][kTokens];
#pragma GCC unroll 16
  for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) sum[p][t] = Vec::load(sums[p] + t * kPanelRows);

  for (int c = 0; c < columns; ++c) {
    Vec weight[kPanels];
#pragma GCC unroll 16
    for (int p = 0; p < kPanels; ++p) weight[p] = Vec::load(weights[p] + c * kPanelRows);
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      const Vec x = Vec::splat(inputs[t * kInputStride + c]);
#pragma GCC unroll 16
      for (int p = 0; p < kPanels; ++p) sum[p][t] = fma(weight[p], x, sum[p][t]);
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) sum[p][t].store(sums[p] + t * kPanelRows);
}

/// The last tile of a block has fewer tokens: finds the instance that has exactly `tokens`.
template <class Vec, int kTokens, int kPanels>
void run_last_tile(const float* const (&weights)[kPanels], const float* inputs, int columns, int tokens,
                   float* const (&sums)[kPanels]) {
  if constexpr (kTokens > 0) {
    if (tokens == kTokens) return run_tile<Vec, kTokens, kPanels>(weights, inputs, columns, sums);
    run_last_tile<Vec, kTokens - 1, kPanels>(weights, inputs, columns, tokens, sums);
  }
}

template <class Vec, int kPanels>
void run_tiles(const float* const (&weights)[kPanels], int columns, int tokens, TileBuffers& buffers,
               int slot) {
  for (int t = 0; t < tokens; t += Vec::kTileTokens) {
    float* sums[kPanels];
    for (int p = 0; p < kPanels; ++p) sums[p] = buffers.sums[slot + p][t];
    const int left = tokens - t;
    if (left >= Vec::kTileTokens) {
      run_tile<Vec, Vec::kTileTokens, kPanels>(weights, buffers.inputs[t], columns, sums);
    } else {
      run_last_tile<Vec, Vec::kTileTokens - 1, kPanels>(weights, buffers.inputs[t], columns, left, sums);
    }
  }
}

template <class Vec>
void copy_inputs(const MatmulArgs& args, int first_token, int tokens, int first_column, int columns,
                 TileBuffers& buffers) {
  const int whole = columns / 16 * 16;
  for (int t = 0; t < tokens; ++t) {
    const float* from = args.input + offset(first_token + t, args.weight.columns);
    float* to = buffers.inputs[t];
    if (const std::uint32_t* order = args.weight.column_order) {
      for (int c = 0; c < columns; ++c) to[c] = from[order[first_column + c]];
      continue;
    }
    from += first_column;
    for (int c = 0; c < whole; c += 16) Vec::load(from + c).store(to + c);
    Vec::load_first(from + whole, columns - whole).store_first(to + whole, columns - whole);
  }
}

template <class Vec, int kPanels>
void add_columns(const MatmulArgs& args, WidenColumns widen, int panel, int slot, int first_column,
                 int columns, int tokens, TileBuffers& buffers) {
  const float* weights[kPanels];
  const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
  for (int p = 0; p < kPanels; ++p) {
    const std::byte* data = args.weight.data + offset(panel + p, panel_bytes);
    if (args.weight.dtype == DType::kF32) {  // floats already
      weights[p] = reinterpret_cast<const float*>(data) + offset(first_column, kPanelRows);
      continue;
    }
    widen(data, first_column, columns, buffers.weights[p][0]);
    weights[p] = buffers.weights[p][0];
  }
  run_tiles<Vec, kPanels>(weights, columns, tokens, buffers, slot);
}

/// Panels [begin, end), at most kGroupPanels, times `tokens` tokens from `first_token`.
template <class Vec>
void run_group(const MatmulArgs& args, WidenColumns widen, int begin, int end, int first_token, int tokens,
               TileBuffers& buffers) {
  for (int p = 0; p < end - begin; ++p)
    for (int t = 0; t < tokens; ++t) Vec::zero().store(buffers.sums[p][t]);
  for (int c = 0; c < args.weight.columns; c += kBlockColumns) {
    const int left = args.weight.columns - c, columns = left < kBlockColumns ? left : kBlockColumns;
    copy_inputs<Vec>(args, first_token, tokens, c, columns, buffers);
    int panel = begin;
    for (; panel + Vec::kTilePanels <= end; panel += Vec::kTilePanels)
      add_columns<Vec, Vec::kTilePanels>(args, widen, panel, panel - begin, c, columns, tokens, buffers);
    for (; panel < end; ++panel)
      add_columns<Vec, 1>(args, widen, panel, panel - begin, c, columns, tokens, buffers);
  }
  for (int panel = begin; panel < end; ++panel)
    for (int t = 0; t < tokens; ++t)
      write_sums(args, panel, first_token + t, Vec::load(buffers.sums[panel - begin][t]));
}

template <class Vec>
void matmul_tiles(const MatmulArgs& args, WidenColumns widen, WorkerPool& pool) {
  const int panels = args.weight.panels();
  int group = panels / (4 * pool.size()) / Vec::kTilePanels * Vec::kTilePanels;
  group = group < Vec::kTilePanels ? Vec::kTilePanels : group > kGroupPanels ? kGroupPanels : group;
  pool.for_each_chunk(panels, group, [&](int begin, int end) {
    TileBuffers buffers;
    for (int t = 0; t < args.tokens; t += kBlockTokens) {
      const int left = args.tokens - t;
      run_group<Vec>(args, widen, begin, end, t, left < kBlockTokens ? left : kBlockTokens, buffers);
    }
  });
}

}  // namespace loci::kernels
