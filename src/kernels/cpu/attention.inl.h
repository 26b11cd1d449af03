// Attention over paged keys and values, with the heads that share a KV head side by side so that each key and
// each value is loaded once for up to kMaxHeads of them. Scores: a lane is a position. Values: a lane is a
// dimension. The running sums of values live in args.output, so no buffer depends on the head's size; the
// rest is a span of 32 positions on the stack.
#pragma once

#include "base/check.h"
#include "kernels/cpu/grain.h"
#include "kernels/cpu/math.inl.h"
#include "kernels/kv_address.h"
#include "kernels/ops.h"

namespace loci::kernels {

static constexpr int kMaxHeads = 4;

template <class Vec>
struct KvF32 {
  static constexpr int kBytes = 4;
  static Vec load(const std::byte* at) { return Vec::load(reinterpret_cast<const float*>(at)); }
  static Vec load_first(const std::byte* at, int n) {
    return Vec::load_first(reinterpret_cast<const float*>(at), n);
  }
};
template <class Vec>
struct KvF16 {
  static constexpr int kBytes = 2;
  static Vec load(const std::byte* at) { return Vec::load_f16(at); }
  static Vec load_first(const std::byte* at, int n) { return Vec::load_first_f16(at, n); }
};
template <class Vec>
struct KvBF16 {
  static constexpr int kBytes = 2;
  static Vec load(const std::byte* at) { return Vec::load_bf16(at); }
  static Vec load_first(const std::byte* at, int n) { return Vec::load_first_bf16(at, n); }
};

/// kHeads query heads of one token, all against the same KV head.
template <class Vec, int kHeads>
struct HeadGroup {
  const AttentionArgs& args;
  const std::uint32_t* table;
  int kv_head;
  int position;          // of the token
  const float* queries;  // [kHeads][head_dim]
  const float* slopes;   // [kHeads], or nullptr
  float* outputs;        // [kHeads][head_dim]
  float maximum[kHeads];
  Vec sums[kHeads];
};

/// 32 absolute positions, of which [begin, count) are seen: where they lie, and what they weigh for each
/// head.
template <int kHeads>
struct Span {
  int first, begin, count;
  const std::byte* values[kAttentionSpan];
  alignas(64) float weights[kHeads][kAttentionSpan];  // scores at first
};

/// Scores of positions first, first + 1, ... out of the dot products: scaled, capped, and less what ALiBi
/// takes.
template <class Vec, int kHeads>
inline __attribute__((always_inline)) Vec finish_scores(const HeadGroup<Vec, kHeads>& group, int head,
                                                        int first, Vec dots) {
  const AttentionArgs& args = group.args;
  Vec scores = dots * Vec::splat(args.scale);
  if (args.softcap > 0) scores = tanh_lanes(scores / Vec::splat(args.softcap)) * Vec::splat(args.softcap);
  if (group.slopes != nullptr) {
    alignas(64) static constexpr float kLane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const Vec distance = Vec::load(kLane) + Vec::splat(static_cast<float>(first - group.position));
    scores = fma(Vec::splat(group.slopes[head]), distance, scores);
  }
  return scores;
}

/// Scores of kRuns runs of positions; a run lies in one block and has `lanes[r]` <= 16 positions.
template <class Vec, class Kv, int kHeads, int kRuns>
void score_runs(const HeadGroup<Vec, kHeads>& group, const std::byte* const (&keys)[kRuns],
                const int (&lanes)[kRuns], const int (&slots)[kRuns], Span<kHeads>& span) {
  const long step = offset(group.args.kv.block_tokens, Kv::kBytes);
  const int head_dim = group.args.kv.head_dim;
  Vec dots[kRuns][kHeads];
  for (auto& run : dots)
    for (Vec& dot : run) dot = Vec::zero();
  bool full = true;
  for (const int count : lanes) full = full && count == 16;
  const auto add_dimensions = [&](auto load_key) {
    for (int d = 0; d < head_dim; ++d) {
      Vec key[kRuns];
#pragma GCC unroll 4
      for (int r = 0; r < kRuns; ++r) key[r] = load_key(keys[r] + d * step, r);
#pragma GCC unroll 8
      for (int h = 0; h < kHeads; ++h) {
        const Vec query = Vec::splat(group.queries[h * head_dim + d]);
#pragma GCC unroll 4
        for (int r = 0; r < kRuns; ++r) dots[r][h] = fma(query, key[r], dots[r][h]);
      }
    }
  };
  if (full) {
    add_dimensions([](const std::byte* at, int) { return Kv::load(at); });
  } else {
    add_dimensions([&](const std::byte* at, int r) { return Kv::load_first(at, lanes[r]); });
  }
  for (int r = 0; r < kRuns; ++r)
    for (int h = 0; h < kHeads; ++h)
      finish_scores(group, h, span.first + slots[r], dots[r][h])
          .store_first(span.weights[h] + slots[r], lanes[r]);
}

/// Walks the blocks under the span: notes the values' addresses and computes the scores, two runs at a time.
template <class Vec, class Kv, int kHeads>
void score_span(const HeadGroup<Vec, kHeads>& group, Span<kHeads>& span) {
  const KvView& kv = group.args.kv;
  const std::byte* keys[2];
  int lanes[2], slots[2], waiting = 0;
  for (int i = span.begin; i < span.count;) {
    const int position = span.first + i;
    int run = kv.block_tokens - position % kv.block_tokens;
    run = run > 16 ? 16 : run;
    run = run > span.count - i ? span.count - i : run;
    const std::byte* value = value_address(kv, group.table, group.kv_head, 0, position);
    for (int j = 0; j < run; ++j) span.values[i + j] = value + offset(j, long{kv.head_dim} * Kv::kBytes);
    keys[waiting] = key_address(kv, group.table, group.kv_head, 0, position);
    lanes[waiting] = run;
    slots[waiting] = i;
    i += run;
    if (++waiting == 2) {
      score_runs<Vec, Kv, kHeads, 2>(group, keys, lanes, slots, span);
      waiting = 0;
    }
  }
  if (waiting == 1) score_runs<Vec, Kv, kHeads, 1>(group, {keys[0]}, {lanes[0]}, {slots[0]}, span);
}

/// Turns scores into weights and brings `maximum` and `sums` up to date. `corrections[h]` rescales what was
/// summed before.
template <class Vec, int kHeads>
void weigh_span(HeadGroup<Vec, kHeads>& group, Span<kHeads>& span, float (&corrections)[kHeads]) {
  for (int h = 0; h < kHeads; ++h) {
    const Vec low = Vec::load(span.weights[h]), high = Vec::load(span.weights[h] + 16);
    const float highest = fold_max(max(low, high));
    const float maximum = highest > group.maximum[h] ? highest : group.maximum[h];
    const Vec correction = exp_lanes(Vec::splat(group.maximum[h] - maximum));
    const Vec low_weights = exp_lanes(low - Vec::splat(maximum)),
              high_weights = exp_lanes(high - Vec::splat(maximum));
    low_weights.store(span.weights[h]);
    high_weights.store(span.weights[h] + 16);
    group.sums[h] = fma(group.sums[h], correction, low_weights + high_weights);
    group.maximum[h] = maximum;
    corrections[h] = first_lane(correction);
  }
}

/// Adds the weighted values to dimensions [dim, dim + 16 * kVecs) of the outputs; `load` and `store` know the
/// tail.
template <class Vec, int kHeads, int kVecs, class LoadValue, class LoadSum, class StoreSum>
inline __attribute__((always_inline)) void add_values(const Span<kHeads>& span,
                                                      const float (&corrections)[kHeads],
                                                      LoadValue load_value, LoadSum load_sum,
                                                      StoreSum store_sum) {
  Vec sums[kHeads][kVecs];
#pragma GCC unroll 8
  for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) sums[h][v] = load_sum(h, v) * Vec::splat(corrections[h]);
  for (int i = span.begin; i < span.count; ++i) {
    Vec values[kVecs];
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) values[v] = load_value(span.values[i], v);
#pragma GCC unroll 8
    for (int h = 0; h < kHeads; ++h) {
      const Vec weight = Vec::splat(span.weights[h][i]);
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) sums[h][v] = fma(weight, values[v], sums[h][v]);
    }
  }
#pragma GCC unroll 8
  for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) store_sum(h, v, sums[h][v]);
}

template <class Vec, class Kv, int kHeads>
void add_all_values(const HeadGroup<Vec, kHeads>& group, const Span<kHeads>& span,
                    const float (&corrections)[kHeads]) {
  constexpr int kVecs = 2;
  const int head_dim = group.args.kv.head_dim;
  const auto output = [&](int h, int dim) { return group.outputs + offset(h, head_dim) + dim; };
  int d = 0;
  for (; d + 16 * kVecs <= head_dim; d += 16 * kVecs)
    add_values<Vec, kHeads, kVecs>(
        span, corrections,
        [&](const std::byte* row, int v) { return Kv::load(row + (d + v * 16) * Kv::kBytes); },
        [&](int h, int v) { return Vec::load(output(h, d + v * 16)); },
        [&](int h, int v, Vec sum) { sum.store(output(h, d + v * 16)); });
  for (; d < head_dim; d += 16) {
    const int count = head_dim - d < 16 ? head_dim - d : 16;
    add_values<Vec, kHeads, 1>(
        span, corrections,
        [&](const std::byte* row, int) { return Kv::load_first(row + d * Kv::kBytes, count); },
        [&](int h, int) { return Vec::load_first(output(h, d), count); },
        [&](int h, int, Vec sum) { sum.store_first(output(h, d), count); });
  }
}

/// Heads [head, head + kHeads) of one token.
template <class Vec, class Kv, int kHeads>
void attend_heads(const AttentionArgs& args, int token, int kv_head, int head) {
  const long first = offset(head, args.kv.head_dim);
  HeadGroup<Vec, kHeads> group{.args = args,
                               .table = args.rows.tables[args.rows.sequence[token]],
                               .kv_head = kv_head,
                               .position = args.rows.positions[token],
                               .queries = args.queries + offset(token, args.query_stride) + first,
                               .slopes = args.slopes ? args.slopes + head : nullptr,
                               .outputs = args.output + offset(token, args.output_stride) + first,
                               .maximum = {},
                               .sums = {}};
  for (int h = 0; h < kHeads; ++h) {
    group.maximum[h] = -__builtin_inff();
    group.sums[h] = Vec::zero();
  }
  for (long i = 0; i < offset(kHeads, args.kv.head_dim); ++i) group.outputs[i] = 0;

  const Visible visible = visible_positions(args, token);
  Span<kHeads> span;
  for (span.first = visible.first / kAttentionSpan * kAttentionSpan; span.first < visible.end;
       span.first += kAttentionSpan) {
    span.begin = visible.first > span.first ? visible.first - span.first : 0;
    span.count = visible.end - span.first < kAttentionSpan ? visible.end - span.first : kAttentionSpan;
    if (span.begin > 0 || span.count < kAttentionSpan)
      for (auto& weights : span.weights)
        for (float& weight : weights) weight = -__builtin_inff();  // an absent position weighs exp(-inf) = 0
    float corrections[kHeads];
    score_span<Vec, Kv, kHeads>(group, span);
    weigh_span<Vec, kHeads>(group, span, corrections);
    add_all_values<Vec, Kv, kHeads>(group, span, corrections);
  }
  for (int h = 0; h < kHeads; ++h) {
    const float total = fold_sum(group.sums[h]);
    float* output = group.outputs + offset(h, args.kv.head_dim);
    for (int d = 0; d < args.kv.head_dim; ++d) output[d] = output[d] / total;
  }
}

template <class Vec, class Kv>
void attend_kv_head(const AttentionArgs& args, int token, int kv_head) {
  const int heads = args.heads / args.kv.kv_heads;
  const int end = (kv_head + 1) * heads;
  int head = kv_head * heads;
  for (; head + kMaxHeads <= end; head += kMaxHeads)
    attend_heads<Vec, Kv, kMaxHeads>(args, token, kv_head, head);
  if (head + 2 <= end) {
    attend_heads<Vec, Kv, 2>(args, token, kv_head, head);
    head += 2;
  }
  if (head < end) attend_heads<Vec, Kv, 1>(args, token, kv_head, head);
}

template <class Vec, class Kv>
void attention_over(const AttentionArgs& args, WorkerPool& pool) {
  const int kv_heads = args.kv.kv_heads;
  pool.for_each_chunk(args.tokens * kv_heads, 1, [&](int begin, int end) {
    for (int i = begin; i < end; ++i) attend_kv_head<Vec, Kv>(args, i / kv_heads, i % kv_heads);
  });
}

template <class Vec>
void attention(const AttentionArgs& args, WorkerPool& pool) {
  if (args.kv.dtype == DType::kF32) return attention_over<Vec, KvF32<Vec>>(args, pool);
  if (args.kv.dtype == DType::kF16) return attention_over<Vec, KvF16<Vec>>(args, pool);
  LOCI_CHECK(args.kv.dtype == DType::kBF16);  // other types are refused when the cache is made
  attention_over<Vec, KvBF16<Vec>>(args, pool);
}

}  // namespace loci::kernels
