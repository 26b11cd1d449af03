// kv_write: the bytes of the reference in every block, whatever the type, the size of blocks and the order of
// threads.
#include <algorithm>
#include <cmath>

#include "kernels/cuda/ops.h"
#include "kernels/cuda/test_support.h"
#include "kernels/kv_address.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::cuda::testing {
namespace {

/// Sequences with tables of blocks in a random order, and a token at random positions of each.
struct KvCase {
  KvCase(DType dtype, int block_tokens, bool rotated, Random& random) {
    kv = {.arena = nullptr,
          .dtype = dtype,
          .block_bytes = 0,
          .key_offset = 0,
          .value_offset = 0,
          .block_tokens = block_tokens,
          .kv_heads = random.between(1, 5),
          .head_dim = random.between(1, 75)};
    if (rotated) kv.head_dim = 2 * random.between(1, 40);
    const auto heads = static_cast<std::size_t>(kv.kv_heads);
    const auto aligned = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
    kv.value_offset = aligned(heads * key_head_bytes(dtype, block_tokens, kv.head_dim));
    kv.block_bytes = kv.value_offset + aligned(heads * value_head_bytes(dtype, block_tokens, kv.head_dim));
    const int blocks_each = 3;
    for (std::uint32_t s = 0; s < kSequences; ++s)
      for (std::uint32_t b = 0; b < blocks_each; ++b)
        tables[s].push_back((s * 5 + b * kSequences + 1) % (kSequences * blocks_each));
    arena.assign(kv.block_bytes * kSequences * blocks_each, std::byte{0x5A});
    tokens = random.between(1, std::min(9, kSequences * 3 * block_tokens));  // no place twice
    const int first = random.between(0, 3 * block_tokens - 1);
    for (int t = 0; t < tokens; ++t) {
      sequence.push_back(t % kSequences);
      positions.push_back((first + t / kSequences) % (3 * block_tokens));
    }
    const int width = kv.kv_heads * kv.head_dim, queries = rotated ? random.between(0, 4) * kv.head_dim : 0;
    stride = queries + width + random.between(0, 3);
    key_at = queries;
    heads_and_keys = random.reals(tokens * stride, -4, 4);
    values = random.reals(tokens * width, -4, 4);
    if (random.between(0, 3) == 0) values[0] = std::nanf("");
    rotary_dim = rotated ? 2 * random.between(1, kv.head_dim / 2) : 0;
    cos = random.reals(tokens * rotary_dim / 2);
    sin = random.reals(tokens * rotary_dim / 2);
  }

  static constexpr int kSequences = 2;
  KvView kv;
  std::vector<std::uint32_t> tables[kSequences];
  std::vector<std::byte> arena;
  std::vector<int> positions, sequence;
  std::vector<float> heads_and_keys, values, cos, sin;
  int tokens, stride, key_at, rotary_dim;
};

/// The same arguments over other memory.
struct Pointers {
  std::byte* arena;
  const int *positions, *sequence;
  const std::uint32_t* const* tables;
  float* heads;
  const float *values, *cos, *sin;
};
KvWriteArgs args_of(const KvCase& c, const Pointers& at, RopeArgs& rope) {
  KvWriteArgs args{.kv = c.kv,
                   .rows = {at.positions, at.sequence, at.tables},
                   .keys = at.heads + c.key_at,
                   .values = at.values,
                   .tokens = c.tokens,
                   .key_stride = c.stride,
                   .value_stride = c.kv.kv_heads * c.kv.head_dim};
  args.kv.arena = at.arena;
  rope = {at.heads,      c.tokens,     c.stride, c.key_at / c.kv.head_dim + c.kv.kv_heads,
          c.kv.head_dim, c.rotary_dim, at.cos,   at.sin};
  if (c.rotary_dim > 0) args.rope = &rope;
  return args;
}

void expect_the_reference(const KvCase& c, unsigned seed) {
  WorkerPool pool(1);
  RopeArgs rope;
  std::vector<std::byte> arena = c.arena;
  std::vector<float> heads = c.heads_and_keys;
  const std::uint32_t* tables[] = {c.tables[0].data(), c.tables[1].data()};
  ref::kv_write(args_of(c,
                        {arena.data(), c.positions.data(), c.sequence.data(), tables, heads.data(),
                         c.values.data(), c.cos.data(), c.sin.data()},
                        rope),
                pool);

  DeviceArray<std::byte> device_arena(c.arena);
  DeviceArray<int> positions(c.positions), sequence(c.sequence);
  DeviceArray<std::uint32_t> table0(c.tables[0]), table1(c.tables[1]);
  DeviceArray<const std::uint32_t*> device_tables(
      std::vector<const std::uint32_t*>{table0.get(), table1.get()});
  DeviceArray<float> device_heads(c.heads_and_keys), values(c.values), cos(c.cos), sin(c.sin);
  run(
      [&](Queue& queue) {
        kv_write(args_of(c,
                         {device_arena.get(), positions.get(), sequence.get(), device_tables.get(),
                          device_heads.get(), values.get(), cos.get(), sin.get()},
                         rope),
                 queue);
      },
      seed);
  ASSERT_TRUE(same_bits(device_heads.view(), heads));
  ASSERT_TRUE(std::ranges::equal(device_arena.view(), arena))
      << traits(c.kv.dtype).name << " head_dim " << c.kv.head_dim << " block_tokens " << c.kv.block_tokens;
}

TEST(CudaKvWrite, EqualsTheReferenceInEveryTypeAndBlockSize) {
  Random random(3);
  for (const DType dtype : kernels::testing::kKvTypes)
    for (const int block_tokens : {1, 2, 5, 16})
      for (const bool rotated : {false, true})
        for (unsigned round = 0; round < 6; ++round)
          expect_the_reference(KvCase(dtype, block_tokens, rotated, random), round);
}

TEST(CudaKvWrite, WritesNothingForNoTokens) {
  Random random(4);
  KvCase c(DType::kBF16, 16, false, random);
  c.tokens = 0;
  expect_the_reference(c, 0);
}

TEST(CudaKvWrite, RefusesTypesThatNoCacheHas) {
  Queue queue;
  kv_write({.kv = {.arena = nullptr,
                   .dtype = DType::kQ4_0,
                   .block_bytes = 0,
                   .key_offset = 0,
                   .value_offset = 0,
                   .block_tokens = 1,
                   .kv_heads = 1,
                   .head_dim = 1},
            .rows = {},
            .keys = nullptr,
            .values = nullptr,
            .tokens = 0,
            .key_stride = 1,
            .value_stride = 1},
           queue);
  EXPECT_STREQ(queue.error, "kv_write: no keys and values have this type");
}

}  // namespace
}  // namespace loci::kernels::cuda::testing
