// Attention of a tile: some neighbouring tokens, times some query heads that share a KV head. Each of its
// rows (a head of a token) goes through the steps that ops.h states, alone; what rows share is the reading of
// keys and values, for as long as they lie in the same blocks: all those of one sequence, and those of
// several up to where their prefixes part.
#pragma once

#include "kernels/cpu/attention_math.inl.h"
#include "kernels/cpu/kv_words.inl.h"
#include "kernels/cpu/math.inl.h"
#include "kernels/cpu/quantize.inl.h"
#include "kernels/kv_address.h"

namespace loci::kernels {

/// Tokens [token, token + tokens) and query heads [head, head + heads), over parts [first_part, end_part) of
/// the positions. The outcome of each part goes to `partials`, or without them everything to the output.
struct TileTask {
  int token, tokens, head, heads;
  int first_part, end_part;
  float* partials;  // [end_part - first_part][rows][partial_floats(head_dim)], or nullptr
};

static inline long padded_dims(int head_dim) {
  return (static_cast<long>(head_dim) + kLaneCount - 1) / kLaneCount * kLaneCount;
}
/// Sums of values, then the maximum, then the sum of weights.
static inline long partial_floats(int head_dim) {
  return padded_dims(head_dim) + kLaneCount;
}

/// What was summed over the parts so far.
struct Totals {
  float maximum = -__builtin_inff(), sum = 0;
};

/// totals and values += one part. values, part [dims]
template <class Vec>
void merge_part(float part_maximum, float part_sum, const float* part, long dims, Totals& totals,
                float* values) {
  const float maximum = part_maximum > totals.maximum ? part_maximum : totals.maximum;
  const float keep = first_lane(exp_lanes(Vec::splat(totals.maximum - maximum)));
  const float take = first_lane(exp_lanes(Vec::splat(part_maximum - maximum)));
  totals.maximum = maximum;
  totals.sum = __builtin_fmaf(totals.sum, keep, part_sum * take);
  for (long d = 0; d < dims; d += kLaneCount)
    fma(Vec::load(values + d), Vec::splat(keep), Vec::load(part + d) * Vec::splat(take)).store(values + d);
}

/// The output of a head of a token: values / sum.
template <class Vec>
void write_head(const AttentionArgs& args, int token, int head, const float* values, float sum) {
  const int head_dim = args.kv.head_dim;
  const auto divided = [&](int d) { return Vec::load(values + d) / Vec::splat(sum) + Vec::zero(); };
  const long first = offset(head, head_dim);
  if (args.bytes != nullptr) {
    for (int d = 0; d < head_dim; d += kQuantizedColumns)
      quantize_lanes(divided(d), divided(d + kLaneCount),
                     args.bytes[offset((first + d) / kQuantizedColumns, args.tokens) + token]);
    return;
  }
  float* output = args.output + offset(token, args.output_stride) + first;
  for (int d = 0; d < head_dim; d += kLaneCount)
    divided(d).store_first(output + d, head_dim - d < kLaneCount ? head_dim - d : kLaneCount);
}

/// The memory of a tile.
template <class Math, class Products>
struct TileMemory {
  using Vec = typename Math::Vec;

  TileMemory(const KvView& kv, int row_count) : stride(padded_dims(kv.head_dim)), rows(row_count) {
    const long tiles = (rows + Products::kRows - 1) / Products::kRows;
    const long sizes[] = {
        tiles * KvHead<Math>::steps(kv.head_dim) * Products::kRows,  // queries
        KvHead<Math>::packed_words(kv.head_dim, stride),             // packed
        tiles * Products::kRows * kScoreStride,                      // scores
        rows * stride,                                               // sums
        rows * stride,                                               // totals
        rows * long{kLaneCount},                                     // weight_sums
        rows,                                                        // maximum
        rows,                                                        // corrections
        2 * kAttentionSpan,                                          // scales
    };
    long floats = 0;
    for (const long size : sizes) floats += rounded(size);
    auto* at = reinterpret_cast<float*>(
        thread_scratch(ScratchUse::kTile, static_cast<std::size_t>(floats) * sizeof(float)));
    float** const places[] = {&queries,     &packed,  &scores,      &sums,      &totals,
                              &weight_sums, &maximum, &corrections, &key_scales};
    for (int i = 0; i < 9; ++i) {
      *places[i] = at;
      at += rounded(sizes[i]);
    }
    value_scales = key_scales + kAttentionSpan;
  }
  static long rounded(long floats) { return (floats + kLaneCount - 1) / kLaneCount * kLaneCount; }

  long stride;
  int rows;
  float* queries;                    // [rows / Products::kRows] blocks of words, as the products want them
  float* packed;                     // keys or values of a span, where they cannot be read in place
  float* scores;                     // [row][kScoreStride]; then, as words, the weights
  float* sums;                       // [row][stride]: values of this part
  float* totals;                     // [row][stride]: of all parts
  float* weight_sums;                // [row][16]
  float* maximum;                    // [row]
  float* corrections;                // [row]
  float *key_scales, *value_scales;  // [kAttentionSpan]
  Totals row_totals[Products::kRowLimit];
};

template <class Math, class Products>
class Tile {
 public:
  using Vec = typename Math::Vec;

  /// `next`: which this thread computes then, or nullptr.
  Tile(const AttentionArgs& args, const TileTask& task, const TileTask* next)
      : args_(args),
        task_(task),
        next_(next),
        kv_{args.kv,
            nullptr,
            task.head / (args.heads / args.kv.kv_heads),
            padded_dims(args.kv.head_dim),
            false,
            Products::kCopies,
            nullptr},
        memory_(args.kv, task.tokens * task.heads),
        products_(args.kv.head_dim) {
    kv_.packed = memory_.packed;
    for (int t = 0; t < task.tokens; ++t) seen_[t] = visible_positions(args, task.token + t);
  }

  void run() {
    pack_queries();
    if (task_.partials == nullptr)
      std::memset(memory_.totals, 0, sizeof(float) * static_cast<std::size_t>(memory_.rows * memory_.stride));
    for (int part = task_.first_part; part < task_.end_part; ++part) attend_part(part);
    if (task_.partials == nullptr) write_output();
  }

 private:
  /// Rows [begin, end).
  struct Rows {
    int begin, end;
  };
  /// Tokens [begin, end) of the tile.
  struct Tokens {
    int begin, end;
  };
  /// Tokens that read a span together: what any of them sees of it, and the table to read it through, that of
  /// the one that sees most, which is `table_end` positions long.
  struct Reading {
    Tokens tokens;
    Visible seen;
    const std::uint32_t* table;
    int table_end;
  };
  /// Keys of positions [first, end) that are asked for ahead of their use.
  struct KeysAhead {
    KvHead<Math> head;
    int first, end;
  };
  const std::uint32_t* table(int t) const { return args_.rows.tables[args_.rows.sequence[task_.token + t]]; }
  const Visible& seen(int row) const { return seen_[row / task_.heads]; }
  int token(int row) const { return task_.token + row / task_.heads; }
  int head(int row) const { return task_.head + row % task_.heads; }

  /// f(rows of one tile of the products: first row, count, tile number, first row's place in it)
  template <class F>
  void for_each_row_tile(Rows rows, F&& f) const {
    constexpr int kTile = Products::kRows;
    for (int row = rows.begin; row < rows.end;) {
      const int end = (row / kTile + 1) * kTile < rows.end ? (row / kTile + 1) * kTile : rows.end;
      f(row, end - row);
      row = end;
    }
  }

  void pack_queries();
  void attend_part(int part);
  void attend_spans(int first, int end, Tokens tokens);
  Tokens tokens_seeing(int span, Tokens tokens) const;
  Reading read_together(int span, Tokens tokens) const;
  void attend_span(int span, const Reading& reading);
  void compute_scores(int first, int end, Rows rows);
  void weigh(int row, int span, int begin_group, int end_group);
  Vec finish_scores(int row, int first, Vec dots) const;
  KeysAhead keys_ahead(int first, int table_end) const;
  void add_values(int first, int end, Rows rows, int table_end);
  void write_output() const;

  const AttentionArgs& args_;
  const TileTask& task_;
  const TileTask* next_;
  KvHead<Math> kv_;
  TileMemory<Math, Products> memory_;
  Products products_;
  Visible seen_[Products::kRowLimit];  // [tokens]
};

template <class Math, class Products>
void Tile<Math, Products>::pack_queries() {
  const int dims = args_.kv.head_dim, steps = KvHead<Math>::steps(dims);
  for (int row = 0; row < memory_.rows; ++row) {
    const float* query = args_.queries + static_cast<long>(token(row)) * args_.query_stride +
                         static_cast<long>(head(row)) * dims;
    float* words = memory_.queries + row / Products::kRows * (long{steps} * Products::kRows);
    for (int s = 0; s < steps; ++s) {
      const int d = s * Math::kPair;
      words[products_.query_at(row % Products::kRows, s)] =
          Math::pack(query[d], d + 1 < dims ? query[d + 1] : 0.0f);
    }
  }
}

template <class Math, class Products>
void Tile<Math, Products>::attend_part(int part) {
  for (int r = 0; r < memory_.rows; ++r) memory_.maximum[r] = -__builtin_inff();
  const auto zero = [&](float* values, long width) {
    std::memset(values, 0, sizeof(float) * static_cast<std::size_t>(memory_.rows * width));
  };
  zero(memory_.weight_sums, kLaneCount);
  zero(memory_.sums, memory_.stride);
  const int first = part * kAttentionPart, end = first + kAttentionPart;
  attend_spans(first, end, {0, task_.tokens});
  float* partial = task_.partials == nullptr ? nullptr
                                             : task_.partials + (part - task_.first_part) * memory_.rows *
                                                                    partial_floats(args_.kv.head_dim);
  for (int r = 0; r < memory_.rows; ++r) {
    if (seen(r).end <= first || seen(r).first >= end) continue;
    const float sum = fold_sum(Vec::load(memory_.weight_sums + r * kLaneCount));
    const float* values = memory_.sums + r * memory_.stride;
    if (partial == nullptr) {
      merge_part<Vec>(memory_.maximum[r], sum, values, memory_.stride, memory_.row_totals[r],
                      memory_.totals + r * memory_.stride);
    } else {
      float* out = partial + r * partial_floats(args_.kv.head_dim);
      std::memcpy(out, values, sizeof(float) * static_cast<std::size_t>(memory_.stride));
      out[memory_.stride] = memory_.maximum[r];
      out[memory_.stride + 1] = sum;
    }
  }
}

/// Spans from `first` to the end of the part for some tokens: together while they read the same blocks, then
/// one group after the other, each to the end of the part.
template <class Math, class Products>
void Tile<Math, Products>::attend_spans(int first, int end, Tokens tokens) {
  for (int span = first; span < end; span += kAttentionSpan) {
    Tokens seeing = tokens_seeing(span, tokens);
    if (seeing.begin == seeing.end) continue;
    const Reading reading = read_together(span, seeing);
    if (reading.tokens.end < seeing.end) {
      attend_spans(span, end, {tokens.begin, reading.tokens.end});
      return attend_spans(span, end, {reading.tokens.end, tokens.end});
    }
    attend_span(span, reading);
  }
}

/// Without those at both ends that see nothing of the span.
template <class Math, class Products>
auto Tile<Math, Products>::tokens_seeing(int span, Tokens tokens) const -> Tokens {
  const auto sees = [&](int t) { return seen_[t].end > span && seen_[t].first < span + kAttentionSpan; };
  while (tokens.begin < tokens.end && !sees(tokens.begin)) ++tokens.begin;
  while (tokens.end > tokens.begin && !sees(tokens.end - 1)) --tokens.end;
  return tokens;
}

/// The first of the tokens, and those behind it that find what they see of the span in the same blocks.
template <class Math, class Products>
auto Tile<Math, Products>::read_together(int span, Tokens tokens) const -> Reading {
  const auto clip = [span](const Visible& seen) -> Visible {
    const int end = span + kAttentionSpan;
    return {seen.first > span ? seen.first : span, seen.end < end ? seen.end : end};
  };
  const Visible& first = seen_[tokens.begin];
  Reading reading{{tokens.begin, tokens.begin + 1}, clip(first), table(tokens.begin), first.end};
  for (int t = tokens.begin + 1; t < tokens.end; ++t, ++reading.tokens.end) {
    const Visible seen = clip(seen_[t]);
    const int low = seen.first < reading.seen.first ? seen.first : reading.seen.first;
    const int high = seen.end < reading.seen.end ? seen.end : reading.seen.end;
    if (seen.first >= seen.end || !same_blocks(args_.kv, reading.table, table(t), low, high)) break;
    reading.seen.first = low;
    if (seen_[t].end > reading.table_end) {
      reading.table = table(t);
      reading.table_end = seen_[t].end;
      reading.seen.end = seen.end;
    }
  }
  return reading;
}

template <class Math, class Products>
void Tile<Math, Products>::attend_span(int span, const Reading& reading) {
  const Rows rows{reading.tokens.begin * task_.heads, reading.tokens.end * task_.heads};
  const int high = reading.seen.end, begin = reading.seen.first / kLaneCount * kLaneCount;
  kv_.table = reading.table;
  kv_.once = rows.end - rows.begin <= Products::kRows;
  if (has_kv_scales(args_.kv.dtype)) {
    std::memset(memory_.key_scales, 0, 2 * kAttentionSpan * sizeof(float));  // of absent positions: no NaN
    for (int p = begin; p < high; p += kLaneCount)
      kv_.scales(p, high - p < kLaneCount ? high - p : kLaneCount, memory_.key_scales + (p - span),
                 memory_.value_scales + (p - span));
  }
  compute_scores(begin, high, rows);
  for (int r = rows.begin; r < rows.end; ++r)
    weigh(r, span, (begin - span) / kLaneCount, (high - span + kLaneCount - 1) / kLaneCount);
  add_values(begin, high, rows, reading.table_end);
}

/// Dot products with positions [first, end), `first` being a multiple of 16, into scores[row][position in
/// span].
template <class Math, class Products>
void Tile<Math, Products>::compute_scores(int first, int end, Rows rows) {
  constexpr int kMost = 4;
  const int block_groups = kv_.once ? kMost : Products::kKeyGroups;
  const int steps = KvHead<Math>::steps(args_.kv.head_dim);
  for (int block = first; block < end; block += block_groups * kLaneCount) {
    const float* keys[kMost];
    ScoredKeys scored{keys, 0, kv_.key_step(), steps, {}};
    for (int p = block; p < end && scored.groups < block_groups; p += kLaneCount, ++scored.groups) {
      const int count = end - p < kLaneCount ? end - p : kLaneCount;
      keys[scored.groups] =
          kv_.keys(scored.groups, p, count, kv_.once ? kv_.value_bytes_at(p) : kv_.key_bytes_at(p));
      scored.ahead.groups[scored.groups] =
          kv_.once && kv_.values_in_place() ? kv_.values_at(p) : keys[scored.groups];
    }
    for_each_row_tile(rows, [&](int row, int count) {
      const long block_of_rows = row / Products::kRows * (long{steps} * Products::kRows);
      products_.score(row % Products::kRows, count, memory_.queries + block_of_rows, scored,
                      memory_.scores + row * kScoreStride + block % kAttentionSpan);
    });
  }
}

/// Scores of positions first, first + 1, ... out of the dot products: scaled, capped, and less what ALiBi
/// takes.
template <class Math, class Products>
typename Math::Vec Tile<Math, Products>::finish_scores(int row, int first, Vec dots) const {
  if (has_kv_scales(args_.kv.dtype)) dots = dots * Vec::load(memory_.key_scales + first % kAttentionSpan);
  Vec scores = dots * Vec::splat(args_.scale);
  if (args_.softcap > 0) scores = tanh_lanes(scores / Vec::splat(args_.softcap)) * Vec::splat(args_.softcap);
  if (args_.slopes != nullptr) {
    alignas(64) static constexpr float kLane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const int position = args_.rows.positions[token(row)];
    const Vec distance = Vec::load(kLane) + Vec::splat(static_cast<float>(first - position));
    scores = fma(Vec::splat(args_.slopes[head(row)]), distance, scores);
  }
  return scores;
}

/// Turns one row's scores of a span into weights, and brings its maximum and its sum of weights up to date.
template <class Math, class Products>
void Tile<Math, Products>::weigh(int row, int span, int begin_group, int end_group) {
  alignas(64) static constexpr float kLane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Visible seen = this->seen(row);
  float* scores = memory_.scores + row * kScoreStride;
  Vec finished[kSpanGroups], highest = Vec::splat(memory_.maximum[row]);
  for (int g = begin_group; g < end_group; ++g) {
    const int first = span + g * kLaneCount;
    finished[g] = finish_scores(row, first, Vec::load(scores + g * kLaneCount));
    if (first < seen.first || first + kLaneCount > seen.end) {
      const Vec lane = Vec::load(kLane), absent = Vec::splat(-__builtin_inff());
      const Vec begin = Vec::splat(static_cast<float>(seen.first - first)),
                end = Vec::splat(static_cast<float>(seen.end - first));
      finished[g] = where_less(lane, begin, absent, where_less(lane, end, finished[g], absent));
    }
    highest = max(finished[g], highest);
  }
  const float maximum = fold_max(highest);
  const Vec correction = exp_lanes(Vec::splat(memory_.maximum[row] - maximum));
  memory_.maximum[row] = maximum;
  memory_.corrections[row] = first_lane(correction);
  Vec sum = Vec::load(memory_.weight_sums + row * kLaneCount) * correction;
  for (int g = begin_group; g < end_group; ++g) {
    const Vec weight = Math::weights(finished[g] - Vec::splat(maximum));
    float* words = scores + (g - begin_group) * kLaneCount / Math::kPair;
    if (has_kv_scales(args_.kv.dtype)) {
      sum = sum + weight;
      Math::store_weights(weight * Vec::load(memory_.value_scales + g * kLaneCount), words);
    } else {
      sum = sum + Math::store_weights(weight, words);
    }
  }
  sum.store(memory_.weight_sums + row * kLaneCount);
}

/// The keys behind the span that begins at `first`: of its next span, or of the next task's first one.
template <class Math, class Products>
auto Tile<Math, Products>::keys_ahead(int first, int table_end) const -> KeysAhead {
  const int begin = first / kAttentionSpan * kAttentionSpan + kAttentionSpan;
  if (begin < table_end || next_ == nullptr) return {kv_, first + kAttentionSpan, table_end};
  const Visible seen = visible_positions(args_, next_->token);
  const int part = next_->first_part * kAttentionPart;
  KeysAhead later{kv_, (seen.first > part ? seen.first : part) / kLaneCount * kLaneCount, seen.end};
  later.head.table = args_.rows.tables[args_.rows.sequence[next_->token]];
  later.head.kv_head = next_->head / (args_.heads / args_.kv.kv_heads);
  return later;
}

/// sums = sums * corrections + weights x values of positions [first, end), `first` being a multiple of 16.
template <class Math, class Products>
void Tile<Math, Products>::add_values(int first, int end, Rows rows, int table_end) {
  const float* values[kSpanGroups];
  int groups = 0;
  Ahead ahead{.step = kv_.key_step()};  // the keys that are read next
  const KeysAhead later = keys_ahead(first, table_end);
  for (int p = first; p < end; p += kLaneCount, ++groups) {
    const int next = later.first + (p - first);
    const bool fetches = kv_.once && next < later.end;
    values[groups] = kv_.values(groups, p, end - p < kLaneCount ? end - p : kLaneCount,
                                fetches ? later.head.key_bytes_at(next) : kv_.value_bytes_at(p));
    ahead.groups[groups] = fetches && kv_.values_in_place() ? later.head.keys_at(next) : values[groups];
  }
  const ValuePanels panels = kv_.panels();
  for (long d = 0; d < kv_.dims; d += panels.width) {
    for_each_row_tile(rows, [&](int row, int count) {
      products_.weigh(
          count,
          {values, groups, panels.width, memory_.scores + row * kScoreStride, memory_.corrections + row,
           memory_.sums + row * memory_.stride + d, memory_.stride, ahead},
          panels.width);
    });
    for (int g = 0; g < groups; ++g) values[g] += panels.panel;
  }
}

template <class Math, class Products>
void Tile<Math, Products>::write_output() const {
  for (int r = 0; r < memory_.rows; ++r)
    write_head<Vec>(args_, token(r), head(r), memory_.totals + r * memory_.stride, memory_.row_totals[r].sum);
}

}  // namespace loci::kernels
