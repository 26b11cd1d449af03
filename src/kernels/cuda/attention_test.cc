// attention: near the reference in every option, and the same bits for a row in any company, with blocks of
// any size and in any order of threads.
#include <algorithm>
#include <cmath>

#include "kernels/cuda/ops.h"
#include "kernels/cuda/test_support.h"
#include "kernels/kv_address.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::cuda::testing {
namespace {

struct Shape {
  DType dtype = DType::kBF16;
  int kv_heads = 2, group = 2, head_dim = 64;
  std::vector<int> lengths{20};  // of each sequence: its last tokens ask
  int asking = 1;
  int window = 0;
  float softcap = 0;
  bool slopes = false, both_ways = false;
};

/// The numbers of a case, whatever the blocks they are put into.
struct Case {
  Case(const Shape& s, Random& random) : shape(s) {
    const int width = s.kv_heads * s.head_dim;
    for (const int length : s.lengths) {
      keys.push_back(random.reals(length * width, -2, 2));
      values.push_back(random.reals(length * width, -2, 2));
    }
    for (std::size_t i = 0; i < s.lengths.size(); ++i)
      for (int t = std::max(0, s.lengths[i] - s.asking); t < s.lengths[i]; ++t) {
        sequence.push_back(static_cast<int>(i));
        positions.push_back(t);
        ends.push_back(s.both_ways ? s.lengths[i] : t + 1);
      }
    tokens = static_cast<int>(positions.size());
    queries = random.reals(tokens * heads() * s.head_dim, -2, 2);
    for (int h = 0; h < heads(); ++h) slopes.push_back(random.real(0, 0.2f));
  }
  int heads() const { return shape.kv_heads * shape.group; }
  int width() const { return heads() * shape.head_dim; }

  Shape shape;
  std::vector<std::vector<float>> keys, values;
  std::vector<int> sequence, positions, ends;
  std::vector<float> queries, slopes;
  int tokens;
};

/// A case in blocks, on the host and on the device.
struct Cache {
  Cache(const Case& c, int block_tokens) {
    const Shape& s = c.shape;
    const auto heads = static_cast<std::size_t>(s.kv_heads);
    const auto aligned = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
    kv = {nullptr,
          s.dtype,
          0,
          0,
          aligned(heads * key_head_bytes(s.dtype, block_tokens, s.head_dim)),
          block_tokens,
          s.kv_heads,
          s.head_dim};
    kv.block_bytes = kv.value_offset + aligned(heads * value_head_bytes(s.dtype, block_tokens, s.head_dim));
    std::uint32_t blocks = 0;
    for (const int length : s.lengths) {
      tables.emplace_back();
      for (int b = 0; b * block_tokens < length; ++b) tables.back().push_back(blocks++);
      std::ranges::reverse(tables.back());
    }
    arena.assign(blocks * kv.block_bytes, std::byte{0xFF});  // NaN, wherever nothing was written
    kv.arena = arena.data();
    for (const auto& table : tables) host_tables.push_back(table.data());
    WorkerPool pool(1);
    const int width = s.kv_heads * s.head_dim;
    for (std::size_t i = 0; i < s.lengths.size(); ++i) {
      const int length = s.lengths[i];
      const std::vector<int> sequence(static_cast<std::size_t>(length), static_cast<int>(i));
      std::vector<int> positions;
      for (int t = 0; t < length; ++t) positions.push_back(t);
      ref::kv_write({kv,
                     {positions.data(), sequence.data(), host_tables.data()},
                     c.keys[i].data(),
                     c.values[i].data(),
                     length,
                     width,
                     width},
                    pool);
    }
  }
  KvView kv;
  std::vector<std::byte> arena;
  std::vector<std::vector<std::uint32_t>> tables;
  std::vector<const std::uint32_t*> host_tables;
};

AttentionArgs args_of(const Case& c, const KvView& kv) {
  return {.kv = kv,
          .rows = {},
          .queries = c.queries.data(),
          .tokens = c.tokens,
          .query_stride = c.width(),
          .heads = c.heads(),
          .scale = 1 / std::sqrt(static_cast<float>(c.shape.head_dim)),
          .output = nullptr,
          .output_stride = c.width(),
          .window = c.shape.window,
          .softcap = c.shape.softcap};
}

std::vector<float> of_reference(const Case& c, Cache& cache) {
  WorkerPool pool(1);
  std::vector<float> output(c.queries.size());
  AttentionArgs args = args_of(c, cache.kv);
  args.rows = {c.positions.data(), c.sequence.data(), cache.host_tables.data()};
  args.output = output.data();
  args.slopes = c.shape.slopes ? c.slopes.data() : nullptr;
  args.ends = c.shape.both_ways ? c.ends.data() : nullptr;
  ref::attention(args, pool);
  return output;
}

/// Tokens [first, first + count) of the case.
struct Asked {
  int first, count;
};
void on_device(const Case& c, const Cache& cache, const Asked& asked, unsigned seed,
               std::vector<float>& result, std::vector<QuantizedBlock>* bytes = nullptr) {
  const auto from = static_cast<std::size_t>(asked.first), count = static_cast<std::size_t>(asked.count);
  const auto width = static_cast<std::size_t>(c.width());
  DeviceArray<std::byte> arena(cache.arena);
  std::vector<std::unique_ptr<DeviceArray<std::uint32_t>>> tables;
  std::vector<const std::uint32_t*> pointers;
  for (const auto& table : cache.tables) {
    tables.push_back(std::make_unique<DeviceArray<std::uint32_t>>(table));
    pointers.push_back(tables.back()->get());
  }
  DeviceArray<const std::uint32_t*> device_tables(pointers);
  DeviceArray<int> positions(std::span(c.positions).subspan(from, count)),
      sequence(std::span(c.sequence).subspan(from, count)), ends(std::span(c.ends).subspan(from, count));
  DeviceArray<float> queries(std::span(c.queries).subspan(from * width, count * width)), slopes(c.slopes),
      output(count * width);
  DeviceArray<QuantizedBlock> device_bytes(bytes != nullptr ? count * width / 32 : 0);
  AttentionArgs args = args_of(c, cache.kv);
  args.kv.arena = arena.get();
  args.rows = {positions.get(), sequence.get(), device_tables.get()};
  args.queries = queries.get(), args.output = output.get(), args.tokens = asked.count;
  args.slopes = c.shape.slopes ? slopes.get() : nullptr;
  args.ends = c.shape.both_ways ? ends.get() : nullptr;
  args.bytes = bytes != nullptr ? device_bytes.get() : nullptr;
  run([&](Queue& queue) { attention(args, queue); }, seed);
  result = output.values();
  if (bytes != nullptr) *bytes = device_bytes.values();
}

/// Queries and weights are rounded to BF16: 2^-9 of a score's terms and of a weight.
void expect_near_the_reference(const Shape& shape, int block_tokens, Random& random) {
  const Case c(shape, random);
  Cache cache(c, block_tokens);
  const std::vector<float> expected = of_reference(c, cache);
  std::vector<float> result;
  on_device(c, cache, {0, c.tokens}, 1, result);
  ASSERT_EQ(result.size(), expected.size());
  double squares = 0, all = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    ASSERT_NEAR(result[i], expected[i], 0.05) << "number " << i << ", head_dim " << shape.head_dim;
    squares += std::pow(double{result[i]} - double{expected[i]}, 2);
    all += double{expected[i]} * double{expected[i]};
  }
  ASSERT_LT(std::sqrt(squares / all), 0.01);
}

TEST(CudaAttention, IsNearTheReference) {
  Random random(31);
  for (const DType dtype : {DType::kBF16, DType::kI8, DType::kF8_E4M3})
    for (const int head_dim : {64, 80, 33, 128, 200}) {
      Shape shape{.dtype = dtype,
                  .kv_heads = random.between(1, 2),
                  .group = random.between(1, 4),
                  .head_dim = head_dim};
      shape.lengths = {random.between(1, 140), random.between(1, 90), 3};
      shape.asking = random.between(1, 4);
      expect_near_the_reference(shape, random.between(1, 16), random);
    }
}

TEST(CudaAttention, KnowsWindowCapSlopesAndBothWays) {
  Random random(32);
  expect_near_the_reference({.lengths = {100, 30}, .asking = 5, .window = 17}, 16, random);
  expect_near_the_reference({.lengths = {100, 30}, .asking = 2, .softcap = 3}, 16, random);
  expect_near_the_reference({.lengths = {100, 30}, .asking = 2, .slopes = true}, 5, random);
  expect_near_the_reference({.lengths = {40, 7}, .asking = 9, .both_ways = true}, 16, random);
  expect_near_the_reference({.group = 16, .lengths = {40}, .asking = 3}, 16, random);
  expect_near_the_reference({.kv_heads = 1, .group = 20, .lengths = {40}, .asking = 2}, 16, random);
  expect_near_the_reference({.kv_heads = 1, .group = 2, .lengths = {1100}, .asking = 3}, 16, random);
  expect_near_the_reference({.kv_heads = 1, .group = 2, .lengths = {1100}, .asking = 2, .window = 300}, 16,
                            random);
  expect_near_the_reference({.kv_heads = 1, .group = 1, .lengths = {4700}, .asking = 1}, 32, random);
}

TEST(CudaAttention, ARowHasTheSameBitsInAnyCompanyAndBlockSize) {
  Random random(33);
  for (const DType dtype : {DType::kBF16, DType::kI8}) {
    const Case c({.dtype = dtype, .kv_heads = 1, .group = 3, .lengths = {150, 600}, .asking = 12}, random);
    const auto width = static_cast<std::size_t>(c.width());
    std::vector<float> all, some;
    on_device(c, Cache(c, 16), {0, c.tokens}, 0, all);
    for (const int block_tokens : {1, 3, 32, 100}) {
      on_device(c, Cache(c, block_tokens), {0, c.tokens}, 1, some);
      ASSERT_TRUE(same_bits(some, all)) << block_tokens;
    }
    const Cache cache(c, 16);
    for (const Asked asked : {Asked{0, 1}, {3, 4}, {7, 9}, {13, 11}, {23, 1}}) {
      on_device(c, cache, asked, 2, some);
      ASSERT_TRUE(
          same_bits(some, std::span(all).subspan(static_cast<std::size_t>(asked.first) * width, some.size())))
          << asked.first;
    }
  }
}

TEST(CudaAttention, RoundsToTheBytesThatQuantizeMakes) {
  Random random(34);
  const Case c({.group = 4, .lengths = {33, 5}, .asking = 3}, random);
  const Cache cache(c, 16);
  std::vector<float> numbers, unused;
  std::vector<QuantizedBlock> bytes;
  on_device(c, cache, {0, c.tokens}, 0, numbers);
  on_device(c, cache, {0, c.tokens}, 1, unused, &bytes);
  WorkerPool pool(1);
  const auto expected =
      kernels::testing::quantized(kernels::testing::reference(), pool, numbers.data(), c.tokens, c.width());
  ASSERT_EQ(bytes.size(), expected.size());
  ASSERT_EQ(std::memcmp(bytes.data(), expected.data(), bytes.size() * sizeof(QuantizedBlock)), 0);
}

TEST(CudaAttention, RefusesWhatItHasNoKernelFor) {
  Queue queue;
  AttentionArgs args{};
  args.kv = {nullptr, DType::kF32, 0, 0, 0, 1, 1, 64};
  attention(args, queue);
  EXPECT_STREQ(queue.error, "attention: no kernel for keys and values of this type");
  queue = {};
  args.kv.dtype = DType::kBF16, args.kv.head_dim = 300, args.heads = 1;
  attention(args, queue);
  EXPECT_STREQ(queue.error, "attention: no kernel for heads of more than 256 dimensions");
}

}  // namespace
}  // namespace loci::kernels::cuda::testing
