// Matrix times a few tokens: each weight is read from memory once and used for all tokens while it is in a
// register. Several panels are walked side by side, because one chain of multiply-adds would wait for its own
// latency.
#pragma once

#include "kernels/cpu/matmul_output.inl.h"

namespace loci::kernels {

static constexpr int kStreamTokens = 4;
static constexpr int kMaxStreamPanels = 4;

/// As many panels as leave the accumulators in registers, at most kMaxStreamPanels.
template <class Vec>
constexpr int stream_panels_at_once(int tokens) {
  const int fitting = Vec::kStreamSums / tokens;
  return fitting < 1 ? 1 : fitting > kMaxStreamPanels ? kMaxStreamPanels : fitting;
}

/// How far ahead of the multiplications the weights are asked for. The processor's own prefetcher gives up
/// where a panel ends, and quantized blocks leave too little time between two lines.
static constexpr long kPrefetchBytes = 2048;

template <class Panel>
inline __attribute__((always_inline)) void prefetch_block(const std::byte* at) {
#pragma GCC unroll 16
  for (int line = 0; line < Panel::kBytes; line += 64) __builtin_prefetch(at + kPrefetchBytes + line);
}

template <class Vec, int kTokens, int kPanels>
struct StreamSums {
  Vec sum[kPanels][kTokens];
};

/// Adds the columns of one part of a block to the sums. `input` points to the first of these columns.
template <class Vec, class Panel, int kPart, int kTokens, int kPanels>
inline __attribute__((always_inline)) void add_part(const typename Panel::Block (&blocks)[kPanels],
                                                    const float* input, long stride,
                                                    StreamSums<Vec, kTokens, kPanels>& sums) {
  constexpr int kPartColumns = Panel::kColumns / Panel::kParts;
  constexpr int kGroup = kPartColumns < 4 ? kPartColumns : 4;
  for (int group = 0; group < kPartColumns; group += kGroup) {
#pragma GCC unroll 4
    for (int j = 0; j < kGroup; ++j) {
      Vec x[kTokens];
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t)
        x[t] = Vec::splat(input[kPart * kPartColumns + group + j + t * stride]);
#pragma GCC unroll 16
      for (int p = 0; p < kPanels; ++p) {
        const Vec weight = blocks[p].template column<kPart>(group, j);
#pragma GCC unroll 16
        for (int t = 0; t < kTokens; ++t) sums.sum[p][t] = fma(weight, x[t], sums.sum[p][t]);
      }
    }
  }
}

/// Panels [panel, panel + kPanels) times tokens [0, kTokens).
template <class Vec, class Panel, int kTokens, int kPanels>
void stream_panels(const MatmulArgs& args, long panel_bytes, int panel) {
  const long columns = args.weight.columns;
  const std::byte* weights = args.weight.data + panel * panel_bytes;
  StreamSums<Vec, kTokens, kPanels> sums;
#pragma GCC unroll 16
  for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) sums.sum[p][t] = Vec::zero();

  for (long c = 0; c < columns; c += Panel::kColumns, weights += Panel::kBytes) {
    typename Panel::Block blocks[kPanels];
#pragma GCC unroll 16
    for (int p = 0; p < kPanels; ++p) {
      prefetch_block<Panel>(weights + p * panel_bytes);
      blocks[p] = Panel::block(weights + p * panel_bytes);
    }
    add_part<Vec, Panel, 0>(blocks, args.input + c, columns, sums);
    if constexpr (Panel::kParts == 2) add_part<Vec, Panel, 1>(blocks, args.input + c, columns, sums);
  }
  for (int p = 0; p < kPanels; ++p)
    for (int t = 0; t < kTokens; ++t) write_sums(args, panel + p, t, sums.sum[p][t]);
}

template <class Vec, class Panel, int kTokens>
void stream_tokens(const MatmulArgs& args, WorkerPool& pool) {
  constexpr int kPanels = stream_panels_at_once<Vec>(kTokens);
  const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
  const int panels = args.weight.panels();
  pool.for_each_chunk(panels, piece_of(offset(args.weight.columns, 4L * kTokens), kPanels),
                      [&](int begin, int end) {
                        int panel = begin;
                        for (; panel + kPanels <= end; panel += kPanels)
                          stream_panels<Vec, Panel, kTokens, kPanels>(args, panel_bytes, panel);
                        for (; panel < end; ++panel)
                          stream_panels<Vec, Panel, kTokens, 1>(args, panel_bytes, panel);
                      });
}

template <class Vec, class Panel>
void matmul_stream(const MatmulArgs& args, WorkerPool& pool) {
  switch (args.tokens) {
    case 1:
      return stream_tokens<Vec, Panel, 1>(args, pool);
    case 2:
      return stream_tokens<Vec, Panel, 2>(args, pool);
    case 3:
      return stream_tokens<Vec, Panel, 3>(args, pool);
    case 4:
      return stream_tokens<Vec, Panel, 4>(args, pool);
    default:
      return;
  }
}

}  // namespace loci::kernels
