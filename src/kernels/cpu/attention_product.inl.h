// The two matrix products of attention for a tile of rows (a row is one query head of one token): scores =
// queries x keys, sums += weights x values. Every element is summed in one order whatever the rows beside it
// are. Here with vectors: a lane is a position in the first and a dimension in the second. amx/ has the same
// with tiles.
#pragma once

#include "kernels/ops.h"

namespace loci::kernels {

static constexpr int kLaneCount = 16;
static constexpr int kSpanGroups = kAttentionSpan / kLaneCount;  // a group: 16 positions

/// Floats between the scores of two rows. Not a power of two, which would put the rows of a tile on few sets
/// of the first cache.
static constexpr int kScoreStride = kAttentionSpan + kLaneCount;

/// Vectors that a tile of `rows` rows keeps sums for: as many as registers allow, at most `most`.
template <class Vec>
constexpr int tile_vectors(int rows, int most) {
  int vectors = most;
  while (vectors > 1 && vectors * rows > Vec::kTileTokens * Vec::kTilePanels) vectors /= 2;
  return vectors;
}

/// What is read next, to be fetched into the second cache while a product is computed: a group of keys or
/// values for each group that is multiplied, as many lines of 16 words, `step` words apart. groups[g] may be
/// nullptr.
struct Ahead {
  const float* groups[kSpanGroups] = {};
  long step = kLaneCount;
};
/// Rows for which memory, not arithmetic, is the limit.
static constexpr int kFetchingRows = 4;

/// Scores of kRows rows at kVecs groups of positions.
template <class Math, int kRows, int kVecs>
void score_block(const float* queries, const float* const* keys, long key_step, int steps, float* scores,
                 const float* const* ahead, long ahead_step) {
  using Vec = typename Math::Vec;
  Vec dots[kRows][kVecs];
  for (auto& row : dots)
    for (Vec& dot : row) dot = Vec::zero();
  const float* at[kVecs];
  for (int v = 0; v < kVecs; ++v) at[v] = keys[v];
  for (int step = 0; step < steps; ++step, queries += Vec::kTileTokens) {
    Vec key[kVecs];
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) {
      key[v] = Vec::load(at[v]);
      at[v] += key_step;
      if constexpr (kRows <= kFetchingRows) __builtin_prefetch(ahead[v] + step * ahead_step, 0, 2);
    }
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const Vec query = Vec::splat(queries[r]);
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) dots[r][v] = Math::multiply_add(key[v], query, dots[r][v]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) dots[r][v].store(scores + r * kScoreStride + v * kLaneCount);
}

/// What score_rows multiplies.
struct ScoredKeys {
  const float* const* keys;  // [groups] -> [steps][16], `step` words apart
  int groups;
  long step;
  int steps;
  Ahead ahead;
};

/// queries [steps][kTileTokens], of which the first `rows` count; scores [row][kScoreStride].
template <class Math, int kRows = Math::Vec::kTileTokens>
void score_rows(int rows, const float* queries, const ScoredKeys& k, float* scores) {
  if constexpr (kRows > 1)
    if (rows < kRows) return score_rows<Math, kRows - 1>(rows, queries, k, scores);
  constexpr int kVecs = tile_vectors<typename Math::Vec>(kRows, 4);
  int g = 0;
  for (; g + kVecs <= k.groups; g += kVecs)
    score_block<Math, kRows, kVecs>(queries, k.keys + g, k.step, k.steps, scores + g * kLaneCount,
                                    k.ahead.groups + g, k.ahead.step);
  for (; g < k.groups; ++g)
    score_block<Math, kRows, 1>(queries, k.keys + g, k.step, k.steps, scores + g * kLaneCount,
                                k.ahead.groups + g, k.ahead.step);
}

/// What weigh_rows adds up.
struct WeighedSpan {
  const float* const* values;  // [groups] -> [16 / kPair][value_stride]
  int groups;
  long value_stride;
  const float* weights;      // [row][kScoreStride]: words, from the first group on
  const float* corrections;  // [row]: what the sums are multiplied by first
  float* sums;               // [row][sum_stride]
  long sum_stride;
  Ahead ahead;
};

/// Dimensions [dim, dim + 16 * kVecs) of kRows rows.
template <class Math, int kRows, int kVecs>
void weigh_block(const WeighedSpan& span, long dim) {
  using Vec = typename Math::Vec;
  Vec sums[kRows][kVecs];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v)
      sums[r][v] =
          Vec::load(span.sums + r * span.sum_stride + dim + v * kLaneCount) * Vec::splat(span.corrections[r]);
  const float* weights = span.weights;
  for (int g = 0; g < span.groups; ++g) {
    const float* values = span.values[g] + dim;
    const float* ahead = span.ahead.groups[g] + dim / kLaneCount * span.ahead.step;
    for (int i = 0; i < kLaneCount / Math::kPair; ++i, values += span.value_stride, ++weights) {
      Vec value[kVecs];
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; ++v) {
        value[v] = Vec::load(values + v * kLaneCount);
        if constexpr (kRows <= kFetchingRows) __builtin_prefetch(ahead + v * span.ahead.step, 0, 2);
      }
      if constexpr (kRows <= kFetchingRows) ahead += span.value_stride / kLaneCount * span.ahead.step;
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        const Vec weight = Vec::splat(weights[r * kScoreStride]);
#pragma GCC unroll 8
        for (int v = 0; v < kVecs; ++v) sums[r][v] = Math::multiply_add(value[v], weight, sums[r][v]);
      }
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) sums[r][v].store(span.sums + r * span.sum_stride + dim + v * kLaneCount);
}

/// The first `dims` dimensions, a multiple of 16, of `rows` <= kTileTokens rows.
template <class Math, int kRows = Math::Vec::kTileTokens>
void weigh_rows(int rows, const WeighedSpan& span, long dims) {
  if constexpr (kRows > 1)
    if (rows < kRows) return weigh_rows<Math, kRows - 1>(rows, span, dims);
  constexpr int kVecs = tile_vectors<typename Math::Vec>(kRows, 8);
  long dim = 0;
  for (; dim + kVecs * kLaneCount <= dims; dim += kVecs * kLaneCount)
    weigh_block<Math, kRows, kVecs>(span, dim);
  for (; dim < dims; dim += kLaneCount) weigh_block<Math, kRows, 1>(span, dim);
}

/// The products of a tile of attention_tile.inl.h.
template <class Math>
struct LaneProducts {
  static constexpr int kRows = Math::Vec::kTileTokens;  // that share a block of queries
  static constexpr int kKeyGroups =
      Math::Vec::kTilePanels;  // of keys that stay in the first cache while rows pass

  /// Rows of a tile: whole multiples of 12 (AVX-512) and 6 (AVX2), as many as leave queries, scores and sums
  /// of head_dim 128 in 72 KiB beside a span of keys.
  static constexpr int kRowLimit = 48;
  static constexpr bool kCopies = true;

  explicit LaneProducts(int) {}

  /// Where the word of a row and step lies in a block of queries, [steps][kRows].
  static long query_at(int row, int step) { return long{step} * kRows + row; }

  /// Rows [first, first + rows) of a block of queries; scores [row][kScoreStride] from the first of them on.
  void score(int first, int rows, const float* queries, const ScoredKeys& keys, float* scores) {
    score_rows<Math>(rows, queries + first, keys, scores);
  }
  /// The first `dims` dimensions, a multiple of 16, of `rows` <= kRows rows.
  void weigh(int rows, const WeighedSpan& span, long dims) { weigh_rows<Math>(rows, span, dims); }
};

}  // namespace loci::kernels
