// kv_write and attention over paged caches.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/kv_address.h"
#include "kernels/test_support.h"
#include "tensor/formats/half.h"

namespace loci::kernels {
namespace {

using testing::Random;
using testing::same_bits;

struct Shape {
  DType dtype;
  int block_tokens, kv_heads, group, head_dim;
  std::vector<int> lengths;  // of each sequence
  int window = 0;
  float softcap = 0;
  bool alibi = false, causal = true;
};

/// A cache in which all tokens of some sequences are written, and their queries. Rows are tokens, sequence by
/// sequence.
class Cache {
 public:
  Cache(const Shape& shape, Random& random) : shape_(shape) {
    for (std::size_t s = 0; s < shape.lengths.size(); ++s)
      for (int p = 0; p < shape.lengths[s]; ++p) {
        sequence_.push_back(static_cast<int>(s));
        positions_.push_back(p);
      }
    const int width = shape.kv_heads * shape.head_dim;
    keys_ = random.reals(tokens() * width, -2, 2);
    values_ = random.reals(tokens() * width, -2, 2);
    queries_ = random.reals(tokens() * width * shape.group, -2, 2);
    slopes_ = random.reals(shape.kv_heads * shape.group, 0.01f, 0.5f);
    for (const int sequence : sequence_) ends_.push_back(shape.lengths[static_cast<std::size_t>(sequence)]);
    make_tables(random);
  }

  int tokens() const { return static_cast<int>(positions_.size()); }
  int output_width() const { return shape_.kv_heads * shape_.group * shape_.head_dim; }

  KvView view() {
    const auto elements = static_cast<std::size_t>(shape_.kv_heads * shape_.block_tokens * shape_.head_dim);
    const std::size_t half = elements * kv_element_bytes(shape_.dtype);
    return {.arena = arena_.data(),
            .dtype = shape_.dtype,
            .block_bytes = 2 * half + 96,
            .key_offset = 64,
            .value_offset = 64 + half,
            .block_tokens = shape_.block_tokens,
            .kv_heads = shape_.kv_heads,
            .head_dim = shape_.head_dim};
  }

  void write(const OpTable& ops, WorkerPool& pool) {
    const int width = shape_.kv_heads * shape_.head_dim;
    arena_.assign(static_cast<std::size_t>(blocks_) * view().block_bytes, std::byte{0xFF});  // unwritten: NaN
    ops.kv_write({.kv = view(),
                  .rows = rows(0),
                  .keys = keys_.data(),
                  .values = values_.data(),
                  .tokens = tokens(),
                  .key_stride = width,
                  .value_stride = width},
                 pool);
  }

  /// Attention of tokens [first, first + count) only.
  std::vector<float> attend(const OpTable& ops, WorkerPool& pool, int first, int count) {
    std::vector<float> output(static_cast<std::size_t>(count * output_width()), 77.0f);
    ops.attention({.kv = view(),
                   .rows = rows(first),
                   .queries = queries_.data() + first * output_width(),
                   .tokens = count,
                   .query_stride = output_width(),
                   .heads = shape_.kv_heads * shape_.group,
                   .scale = 0.3f,
                   .output = output.data(),
                   .output_stride = output_width(),
                   .window = shape_.window,
                   .softcap = shape_.softcap,
                   .slopes = shape_.alibi ? slopes_.data() : nullptr,
                   .ends = shape_.causal ? nullptr : ends_.data() + first},
                  pool);
    return output;
  }

  /// Naive softmax attention in double precision over the rounded keys and values.
  std::vector<double> exact(int token, int head) const;

  std::vector<std::byte> arena_;

 private:
  void make_tables(Random& random) {
    const auto needed = [&](int length) { return (length + shape_.block_tokens - 1) / shape_.block_tokens; };
    for (const int length : shape_.lengths) blocks_ += needed(length);
    std::vector<std::uint32_t> numbers(static_cast<std::size_t>(blocks_));
    std::iota(numbers.begin(), numbers.end(), 0u);
    for (std::size_t i = numbers.size(); i > 1; --i)
      std::swap(numbers[i - 1],
                numbers[static_cast<std::size_t>(random.between(0, static_cast<int>(i) - 1))]);
    for (const int length : shape_.lengths) {
      tables_.emplace_back(numbers.end() - needed(length), numbers.end());
      numbers.resize(numbers.size() - tables_.back().size());
    }
    for (const auto& table : tables_) table_pointers_.push_back(table.data());
  }
  RaggedRows rows(int first) const {
    return {positions_.data() + first, sequence_.data() + first, table_pointers_.data()};
  }
  double rounded(float value) const {
    if (shape_.dtype == DType::kF16) return double{f16_to_f32(f32_to_f16(value))};
    return double{shape_.dtype == DType::kBF16 ? bf16_to_f32(f32_to_bf16(value)) : value};
  }

  Shape shape_;
  int blocks_ = 0;
  std::vector<int> positions_, sequence_, ends_;
  std::vector<std::vector<std::uint32_t>> tables_;
  std::vector<const std::uint32_t*> table_pointers_;
  std::vector<float> keys_, values_, queries_, slopes_;
};

std::vector<double> Cache::exact(int token, int head) const {
  const int position = positions_[static_cast<std::size_t>(token)], dims = shape_.head_dim;
  const int width = shape_.kv_heads * dims, kv = head / shape_.group * dims;
  const auto row = [&](int p) { return static_cast<std::size_t>((token - position + p) * width + kv); };
  std::vector<double> scores, output(static_cast<std::size_t>(dims), 0.0);
  const int end = shape_.causal ? position + 1 : ends_[static_cast<std::size_t>(token)];
  const int begin = shape_.window > 0 ? std::max(0, position + 1 - shape_.window) : 0;
  for (int p = begin; p < end; ++p) {
    double dot = 0;
    for (int d = 0; d < dims; ++d)
      dot += double{queries_[static_cast<std::size_t>(token * width * shape_.group + head * dims + d)]} *
             rounded(keys_[row(p) + static_cast<std::size_t>(d)]);
    double score = dot * double{0.3f};
    if (shape_.softcap > 0) score = std::tanh(score / double{shape_.softcap}) * double{shape_.softcap};
    if (shape_.alibi) score += double{slopes_[static_cast<std::size_t>(head)]} * (p - position);
    scores.push_back(score);
  }
  const double highest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  for (double& score : scores) total += score = std::exp(score - highest);
  for (int p = begin; p < end; ++p)
    for (int d = 0; d < dims; ++d)
      output[static_cast<std::size_t>(d)] += scores[static_cast<std::size_t>(p - begin)] / total *
                                             rounded(values_[row(p) + static_cast<std::size_t>(d)]);
  return output;
}

Shape random_shape(Random& random, int round) {
  constexpr int kBlocks[] = {1, 7, 16, 32, 20, 64}, kDims[] = {8, 40, 64, 128, 17, 96};
  Shape shape{.dtype = testing::kKvTypes[round % 3],
              .block_tokens = kBlocks[random.between(0, 5)],
              .kv_heads = random.between(1, 3),
              .group = random.between(1, 8),
              .head_dim = kDims[random.between(0, 5)],
              .lengths = {}};
  for (int s = random.between(1, 3); s > 0; --s) shape.lengths.push_back(random.between(1, 40));
  if (round % 20 == 0) shape.lengths = {333};
  if (round % 3 == 1) shape.window = random.between(1, 70);
  if (round % 4 == 1) shape.softcap = 5;
  if (round % 5 == 1) shape.alibi = true;
  if (round % 6 == 2) shape.causal = false;
  return shape;
}

TEST(KvWrite, RoundsIntoTheRightSlots) {
  Random random(1);
  WorkerPool pool(2);
  for (int round = 0; round < 20; ++round) {
    const Shape shape = random_shape(random, round + 1);
    Cache cache(shape, random);
    cache.write(testing::reference(), pool);
    const std::vector<std::byte> expected = cache.arena_;
    for (const OpTable* ops : testing::simd_tables()) {
      cache.write(*ops, pool);
      ASSERT_EQ(cache.arena_, expected) << ops->name;
    }
  }
}

TEST(Attention, EveryIsaEqualsTheReference) {
  Random random(2);
  WorkerPool pool(3);
  for (int round = 0; round < 60; ++round) {
    const Shape shape = random_shape(random, round);
    Cache cache(shape, random);
    cache.write(testing::reference(), pool);
    // Of a long sequence the last tokens are enough, and quick.
    const int count = std::min(cache.tokens(), 33), first = cache.tokens() - count;
    const std::vector<float> expected = cache.attend(testing::reference(), pool, first, count);
    for (const OpTable* ops : testing::simd_tables())
      ASSERT_TRUE(same_bits(cache.attend(*ops, pool, first, count), expected))
          << ops->name << ' ' << traits(shape.dtype).name << " block " << shape.block_tokens << " dim "
          << shape.head_dim << " group " << shape.group;
  }
}

TEST(Attention, ATokenDoesNotDependOnTheBatchTheThreadsOrTheBlocks) {
  WorkerPool pools[] = {WorkerPool(1), WorkerPool(2), WorkerPool(3)};
  for (const OpTable* ops : testing::simd_tables()) {
    std::vector<float> expected;
    for (const int block_tokens : {16, 1, 7, 32}) {
      Random random(3);  // the same queries, keys and values for every size of block
      Cache cache({.dtype = DType::kF16,
                   .block_tokens = block_tokens,
                   .kv_heads = 2,
                   .group = 3,
                   .head_dim = 40,
                   .lengths = {100, 5}},
                  random);
      cache.write(*ops, pools[0]);
      for (WorkerPool& pool : pools) {
        const std::vector<float> all = cache.attend(*ops, pool, 0, cache.tokens());
        if (expected.empty()) expected = all;
        ASSERT_TRUE(same_bits(all, expected)) << block_tokens;
        for (int t = 0; t < cache.tokens(); ++t) {
          const auto row = all.begin() + t * cache.output_width();
          ASSERT_TRUE(
              same_bits(cache.attend(*ops, pool, t, 1), std::vector<float>(row, row + cache.output_width())))
              << t;
        }
      }
    }
  }
}

TEST(Attention, ReferenceIsCloseToExact) {
  Random random(4);
  WorkerPool pool(1);
  for (int round = 0; round < 36; ++round) {
    const Shape shape = random_shape(random, round);
    Cache cache(shape, random);
    cache.write(testing::reference(), pool);
    const int token = random.between(std::max(0, cache.tokens() - 60), cache.tokens() - 1),
              head = random.between(0, shape.kv_heads * shape.group - 1);
    const std::vector<float> output = cache.attend(testing::reference(), pool, token, 1);
    const std::vector<double> exact = cache.exact(token, head);
    for (int d = 0; d < shape.head_dim; ++d)
      // Scores reach some tens; their error of a few units 2^-24 * |score| is the relative error of the
      // weights.
      ASSERT_NEAR(output[static_cast<std::size_t>(head * shape.head_dim + d)],
                  exact[static_cast<std::size_t>(d)], 2e-5);
  }
}

}  // namespace
}  // namespace loci::kernels
