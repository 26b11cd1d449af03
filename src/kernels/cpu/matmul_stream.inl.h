// Matrix times a few tokens: each weight is read from memory once and used for all tokens while it is in a
// register. Several panels are walked side by side, because one chain of multiply-adds would wait for its own
// latency. Here the formats that are read straight into registers (panel.inl.h).
#pragma once

#include "kernels/cpu/matmul_output.inl.h"

namespace loci::kernels {

static constexpr int kStreamTokens = 4;
static constexpr int kMaxStreamPanels = 4;

template <int kCount>
struct Count {};

/// Calls `use` with the number of tokens, 1 to kStreamTokens, as a constant.
template <class Use>
void with_stream_tokens(int tokens, Use&& use) {
  static_assert(kStreamTokens == 4);
  switch (tokens) {
    case 1:
      return use(Count<1>{});
    case 2:
      return use(Count<2>{});
    case 3:
      return use(Count<3>{});
    case 4:
      return use(Count<4>{});
    default:
      return;
  }
}

/// As many panels as leave the accumulators in registers, at most kMaxStreamPanels.
template <class Vec>
constexpr int stream_panels_at_once(int tokens) {
  const int fitting = Vec::kStreamSums / tokens;
  return fitting < 1 ? 1 : fitting > kMaxStreamPanels ? kMaxStreamPanels : fitting;
}

/// Cuts the panels into pieces of work and those into runs of as many panels as go side by side, then single
/// ones: calls `run` with that number as a constant and the first panel.
template <class Vec, int kTokens, class Run>
void for_each_stream_piece(const MatmulArgs& args, WorkerPool& pool, Run&& run) {
  constexpr int kPanels = stream_panels_at_once<Vec>(kTokens);
  const int piece = piece_of(offset(args.weight.columns, 4L * kTokens), kPanels);
  pool.for_each_chunk(args.weight.panels(), piece, [&](int begin, int end) {
    int panel = begin;
    for (; panel + kPanels <= end; panel += kPanels) run(Count<kPanels>{}, panel);
    for (; panel < end; ++panel) run(Count<1>{}, panel);
  });
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
template <class Vec, class Panel, int kTokens, int kPanels>
inline __attribute__((always_inline)) void add_part(const typename Panel::Part (&parts)[kPanels],
                                                    const float* input, long stride,
                                                    StreamSums<Vec, kTokens, kPanels>& sums) {
  constexpr int kPartColumns = Panel::kColumns / Panel::kParts;
  constexpr int kGroup = kPartColumns < 4 ? kPartColumns : 4;
  for (int group = 0; group < kPartColumns; group += kGroup) {
#pragma GCC unroll 4
    for (int j = 0; j < kGroup; ++j) {
      Vec x[kTokens];
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) x[t] = Vec::splat(input[group + j + t * stride]);
#pragma GCC unroll 16
      for (int p = 0; p < kPanels; ++p) {
        const Vec weight = parts[p].column(group, j);
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
#pragma GCC unroll 16
    for (int p = 0; p < kPanels; ++p) prefetch_block<Panel>(weights + p * panel_bytes);
#pragma GCC unroll 2
    for (int part = 0; part < Panel::kParts; ++part) {
      typename Panel::Part parts[kPanels];
#pragma GCC unroll 16
      for (int p = 0; p < kPanels; ++p) parts[p] = Panel::part(weights + p * panel_bytes, part);
      add_part<Vec, Panel>(parts, args.input + c + part * (Panel::kColumns / Panel::kParts), columns, sums);
    }
  }
  for (int p = 0; p < kPanels; ++p)
    for (int t = 0; t < kTokens; ++t) write_sums(args, panel + p, t, sums.sum[p][t]);
}

template <class Vec, class Panel, int kTokens>
void stream_tokens(const MatmulArgs& args, WorkerPool& pool) {
  const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
  for_each_stream_piece<Vec, kTokens>(args, pool, [&]<int kPanels>(Count<kPanels>, int panel) {
    stream_panels<Vec, Panel, kTokens, kPanels>(args, panel_bytes, panel);
  });
}

template <class Vec, class Panel>
void matmul_stream(const MatmulArgs& args, WorkerPool& pool) {
  with_stream_tokens(args.tokens,
                     [&]<int kTokens>(Count<kTokens>) { stream_tokens<Vec, Panel, kTokens>(args, pool); });
}

}  // namespace loci::kernels
