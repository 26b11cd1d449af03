// Attention whose products are those of tiles: 16 rows by 16 positions, or by 16 dimensions, an instruction.
// BF16 keys and values are read where they lie; int8 and fp8 become BF16 first. F32 and F16 stay in float32
// arithmetic, and heads that are no multiple of 16 dimensions with the vectors' dot products.
//
// The processor adds products in pairs of pairs, whose number matters to the rounding: 16 or 8 words a tile's
// row for keys, always 8 for values, so that 16 positions are the same sum whether they lie in one block or
// two.
#include <optional>

#include "kernels/cpu/amx/tiles.h"
#include "kernels/cpu/amx/vec.h"
#include "kernels/cpu/attention.inl.h"
#include "kernels/cpu/bf16_math.inl.h"
#include "kernels/cpu/tables.h"

namespace loci::kernels::amx {
namespace {

using Math = Bf16Math<Vec>;

// Registers. 0 to 3 hold sums.
constexpr int kQueries = 4, kKeys = 5;  // 16 words a row
constexpr int kFew = 6, kFewOther = 7;  // 8 words a row: the last queries and keys; weights and values
constexpr int kWords = 16, kFewWords = 8;
constexpr long kWordBytes = 4;

class TileProducts {
 public:
  static constexpr int kRows = kTileRows;
  static constexpr int kKeyGroups = 4;
  /// Multiplying takes so little that reading a span (64 KB in BF16) for 48 rows would take longer.
  static constexpr int kRowLimit = 128;
  static constexpr bool kCopies = false;

  explicit TileProducts(int head_dim) : steps_(head_dim / 2) {}

  /// [steps / 16][kRows][16 words], and 8 words a row of what is left.
  long query_at(int row, int step) const {
    const int begin = step / kWords * kWords, width = steps_ - begin < kWords ? kFewWords : kWords;
    return long{begin} * kRows + long{row} * width + step % kWords;
  }

  void score(int first, int rows, const float* queries, const ScoredKeys& keys, float* scores) {
    take(rows);
    switch (keys.groups) {
      case 1:
        return score_groups<1>(first, rows, queries, keys, scores);
      case 2:
        return score_groups<2>(first, rows, queries, keys, scores);
      case 3:
        return score_groups<3>(first, rows, queries, keys, scores);
      default:
        return score_groups<4>(first, rows, queries, keys, scores);
    }
  }

  void weigh(int rows, const WeighedSpan& span, long dims) {
    take(rows);
    long dim = 0;
    for (; dim + 4 * kLaneCount <= dims; dim += 4 * kLaneCount) weigh_dims<4>(rows, span, dim);
    for (; dim + 2 * kLaneCount <= dims; dim += 2 * kLaneCount) weigh_dims<2>(rows, span, dim);
    if (dim < dims) weigh_dims<1>(rows, span, dim);
  }

 private:
  /// Shapes the registers for so many rows.
  void take(int rows) {
    if (rows == rows_) return;
    rows_ = rows;
    TileShapes shapes;
    for (const int tile : {0, 1, 2, 3, kQueries}) shapes.set(tile, rows, kWords * kWordBytes);
    shapes.set(kKeys, kWords, kTileBytes);
    shapes.set(kFew, rows, kFewWords * kWordBytes);
    shapes.set(kFewOther, kFewWords, kTileBytes);
    tiles_.emplace(shapes);
  }

  template <int kGroups>
  void score_groups(int first, int rows, const float* queries, const ScoredKeys& k, float* scores) {
    unrolled<kGroups>([](auto g) { zero_tile<g()>(); });
    int step = 0;
    for (; step + kWords <= steps_; step += kWords, queries += kRows * kWords) {
      load_tile<kQueries>(queries + first * kWords);
      unrolled<kGroups>([&](auto g) {
        load_tile<kKeys>(k.keys[g()] + step * k.step, k.step * kWordBytes);
        dot_bf16<g(), kQueries, kKeys>();
        if (rows <= kFetchingRows) fetch(k.ahead.groups[g()] + step * k.ahead.step, kWords, k.ahead.step);
      });
    }
    if (step < steps_) {
      load_tile<kFew>(queries + first * kFewWords, kFewWords * kWordBytes);
      unrolled<kGroups>([&](auto g) {
        load_tile<kFewOther>(k.keys[g()] + step * k.step, k.step * kWordBytes);
        dot_bf16<g(), kFew, kFewOther>();
        if (rows <= kFetchingRows) fetch(k.ahead.groups[g()] + step * k.ahead.step, kFewWords, k.ahead.step);
      });
    }
    unrolled<kGroups>([&](auto g) { store_tile<g()>(scores + g() * kLaneCount, kScoreStride * kWordBytes); });
  }

  /// Dimensions [dim, dim + 16 * kVecs).
  template <int kVecs>
  void weigh_dims(int rows, const WeighedSpan& span, long dim) {
    constexpr long kWidth = kVecs * kLaneCount;
    unrolled<kVecs>([](auto v) { zero_tile<v()>(); });
    for (int g = 0; g < span.groups; ++g) {
      load_tile<kFew>(span.weights + g * kFewWords, kScoreStride * kWordBytes);
      const float* values = span.values[g] + dim;
      unrolled<kVecs>([&](auto v) {
        load_tile<kFewOther>(values + v() * kLaneCount, span.value_stride * kWordBytes);
        dot_bf16<v(), kFew, kFewOther>();
        if (rows <= kFetchingRows)
          fetch(span.ahead.groups[g] + (dim / kLaneCount + v()) * span.ahead.step, kFewWords,
                span.value_stride / kLaneCount * span.ahead.step);
      });
    }
    unrolled<kVecs>([&](auto v) { store_tile<v()>(products_ + v() * kLaneCount, kWidth * kWordBytes); });
    for (int r = 0; r < rows; ++r) {
      const Vec correction = Vec::splat(span.corrections[r]);
      float* sums = span.sums + r * span.sum_stride + dim;
      for (long d = 0; d < kWidth; d += kLaneCount)
        fma(Vec::load(sums + d), correction, Vec::load(products_ + r * kWidth + d)).store(sums + d);
    }
  }

  /// Asks for `lines` lines, `step` words apart.
  static void fetch(const float* at, int lines, long step) {
    for (int i = 0; i < lines; ++i) __builtin_prefetch(at + i * step, 0, 2);
  }

  int steps_;     // words of a query
  int rows_ = 0;  // that the registers are shaped for
  std::optional<TileSession> tiles_;
  alignas(64) float products_[kRows * 4 * kLaneCount];
};

}  // namespace

void attention(const AttentionArgs& args, WorkerPool& pool) {
  if (!is_kv_paired(args.kv.dtype)) return kernels::attention<Vec>(args, pool);
  LOCI_CHECK(is_kv_dtype(args.kv.dtype) && args.heads % args.kv.kv_heads == 0);
  if (args.kv.head_dim % 16 != 0) return attention_with<Math>(args, pool);
  attention_with<Math, TileProducts>(args, pool);
}

}  // namespace loci::kernels::amx
