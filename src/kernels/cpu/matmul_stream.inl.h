// Matrix times a few tokens: each weight is read from memory once and used for all tokens while it is in a
// register. Several panels are walked side by side, because one chain of multiply-adds would wait for its own
// latency.
#pragma once

#include "kernels/cpu/matmul_output.inl.h"

namespace loci::kernels {

static constexpr int kStreamTokens = 4;

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
#pragma GCC unroll 4
  for (int j = 0; j < kPartColumns; ++j) {
    Vec x[kTokens];
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) x[t] = Vec::splat(input[kPart * kPartColumns + j + t * stride]);
#pragma GCC unroll 16
    for (int p = 0; p < kPanels; ++p) {
      const Vec weight = blocks[p].template column<kPart>(j);
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) sums.sum[p][t] = fma(weight, x[t], sums.sum[p][t]);
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
    for (int p = 0; p < kPanels; ++p) blocks[p] = Panel::block(weights + p * panel_bytes);
    add_part<Vec, Panel, 0>(blocks, args.input + c, columns, sums);
    if constexpr (Panel::kParts == 2) add_part<Vec, Panel, 1>(blocks, args.input + c, columns, sums);
  }
  for (int p = 0; p < kPanels; ++p)
    for (int t = 0; t < kTokens; ++t) write_sums(args, panel + p, t, sums.sum[p][t]);
}

template <class Vec, class Panel, int kTokens>
void stream_tokens(const MatmulArgs& args, WorkerPool& pool) {
  constexpr int kPanels =
      Vec::kStreamPanels * 2 / (kTokens + 1) > 0 ? Vec::kStreamPanels * 2 / (kTokens + 1) : 1;
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
