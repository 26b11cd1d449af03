// The ops that look at one token at a time: embed, rms_norm, rope, silu_mul.
#include <cmath>

#include "kernels/test_support.h"

namespace loci::kernels {
namespace {

using testing::OwnedMatrix;
using testing::Random;
using testing::same_bits;

TEST(Embed, GivesTheRowsAsked) {
  Random random(1);
  WorkerPool pool(2);
  std::vector<const OpTable*> tables = testing::simd_tables();
  tables.push_back(&testing::reference());
  for (const DType dtype : testing::weight_types()) {
    const int width = 2 * std::max(traits(dtype).block_elements, 32);
    const OwnedMatrix table(dtype, 37, width, random);
    const TokenId ids[] = {0, 36, 16, 15, 16, 0, 7};
    for (const OpTable* ops : tables) {
      std::vector<float> output(static_cast<std::size_t>(7 * width));
      ops->embed({.table = table.view, .ids = ids, .tokens = 7, .output = output.data()}, pool);
      for (int t = 0; t < 7; ++t)
        for (int c = 0; c < width; ++c)
          ASSERT_EQ(output[static_cast<std::size_t>(t * width + c)], table.at(ids[t], c));
    }
  }
}

TEST(Embed, PutsSortedColumnsBack) {
  Random random(7);
  WorkerPool pool(1);
  OwnedMatrix table(DType::kInt4, 20, 64, random);
  std::vector<std::uint32_t> order(64);
  for (std::uint32_t c = 0; c < 64; ++c) order[c] = (c * 5 + 3) % 64;
  table.view.column_order = order.data();
  const TokenId ids[] = {17};
  std::vector<float> output(64);
  testing::reference().embed({.table = table.view, .ids = ids, .tokens = 1, .output = output.data()}, pool);
  for (int c = 0; c < 64; ++c) ASSERT_EQ(output[order[static_cast<std::size_t>(c)]], table.at(17, c));
}

TEST(RmsNorm, EveryIsaEqualsTheReferenceAlsoInPlace) {
  Random random(2);
  WorkerPool pool(2);
  for (int features = 1; features < 70; ++features) {
    const int tokens = random.between(1, 5);
    const std::vector<float> input = random.reals(tokens * features, -3, 3), weight = random.reals(features);
    RmsNormArgs args{.input = input.data(),
                     .weight = weight.data(),
                     .epsilon = 1e-5f,
                     .tokens = tokens,
                     .features = features,
                     .output = nullptr};
    std::vector<float> expected(input.size());
    args.output = expected.data();
    testing::reference().rms_norm(args, pool);
    for (const OpTable* ops : testing::simd_tables()) {
      std::vector<float> output = input;
      args.input = args.output = output.data();
      ops->rms_norm(args, pool);
      ASSERT_TRUE(same_bits(output, expected)) << ops->name << ' ' << features;
    }
  }
}

TEST(RmsNorm, ReferenceIsCloseToExact) {
  Random random(3);
  WorkerPool pool(1);
  constexpr int kFeatures = 300;
  const std::vector<float> input = random.reals(kFeatures, -3, 3), weight = random.reals(kFeatures);
  std::vector<float> output(kFeatures);
  testing::reference().rms_norm({.input = input.data(),
                                 .weight = weight.data(),
                                 .epsilon = 1e-5f,
                                 .tokens = 1,
                                 .features = kFeatures,
                                 .output = output.data()},
                                pool);
  double squares = 0;
  for (const float x : input) squares += double{x} * double{x};
  const double factor = 1 / std::sqrt(squares / kFeatures + double{1e-5f});
  for (std::size_t i = 0; i < kFeatures; ++i) {
    const double exact = double{input[i]} * factor * double{weight[i]};
    // 20 roundings in the sum, a root, a division, two products.
    ASSERT_NEAR(output[i], exact, 24 * 0x1p-24 * std::fabs(exact));
  }
}

struct RopeCase {
  int tokens, heads, head_dim, rotary_dim, stride;
  std::vector<float> data, cos, sin;
};

RopeCase rope_case(Random& random) {
  RopeCase c;
  c.tokens = random.between(1, 33);
  c.heads = random.between(1, 4);
  c.head_dim = 2 * random.between(1, 64);
  c.rotary_dim = 2 * random.between(1, c.head_dim / 2);
  c.stride = c.heads * c.head_dim + 5;
  c.data = random.reals(c.tokens * c.stride);
  for (int i = 0; i < c.tokens * c.rotary_dim / 2; ++i) {
    const float angle = random.real(0, 6.3f);
    c.cos.push_back(std::cos(angle));
    c.sin.push_back(std::sin(angle));
  }
  return c;
}

std::vector<float> rotated(const RopeCase& c, const OpTable& ops, WorkerPool& pool) {
  std::vector<float> data = c.data;
  ops.rope({.heads = data.data(),
            .tokens = c.tokens,
            .stride = c.stride,
            .head_count = c.heads,
            .head_dim = c.head_dim,
            .rotary_dim = c.rotary_dim,
            .cos = c.cos.data(),
            .sin = c.sin.data()},
           pool);
  return data;
}

TEST(Rope, EveryIsaEqualsTheReferenceAndTheReferenceRotates) {
  Random random(4);
  WorkerPool pool(3);
  for (int round = 0; round < 100; ++round) {
    const RopeCase c = rope_case(random);
    const std::vector<float> expected = rotated(c, testing::reference(), pool);
    for (const OpTable* ops : testing::simd_tables())
      ASSERT_TRUE(same_bits(rotated(c, *ops, pool), expected))
          << ops->name << ' ' << c.head_dim << ' ' << c.rotary_dim;

    const int half = c.rotary_dim / 2, t = random.between(0, c.tokens - 1),
              h = random.between(0, c.heads - 1);
    for (int i = 0; i < c.head_dim; ++i) {
      const auto at = [&](const std::vector<float>& v, int dim) {
        return double{v[static_cast<std::size_t>(t * c.stride + h * c.head_dim + dim)]};
      };
      double exact = at(c.data, i);
      if (i < c.rotary_dim) {
        const auto angle = static_cast<std::size_t>(t * half + i % half);
        const double cos = double{c.cos[angle]}, sin = double{c.sin[angle]};
        exact = i < half ? at(c.data, i) * cos - at(c.data, i + half) * sin
                         : at(c.data, i) * cos + at(c.data, i - half) * sin;
      }
      ASSERT_NEAR(at(expected, i), exact, 4 * 0x1p-24);
    }
  }
}

TEST(SiluMul, EveryIsaEqualsTheReferenceAndTheReferenceIsClose) {
  Random random(5);
  WorkerPool pool(2);
  for (int features = 1; features < 70; ++features) {
    const int tokens = random.between(1, 5);
    std::vector<float> input = random.reals(tokens * 2 * features, -10, 10);
    for (std::size_t i = 0; i < input.size(); i += 7) input[i] *= 20;
    SiluMulArgs args{.gate_up = input.data(), .tokens = tokens, .features = features, .output = nullptr};
    std::vector<float> expected(static_cast<std::size_t>(tokens * features)), output(expected.size());
    args.output = expected.data();
    testing::reference().silu_mul(args, pool);
    args.output = output.data();
    for (const OpTable* ops : testing::simd_tables()) {
      ops->silu_mul(args, pool);
      ASSERT_TRUE(same_bits(output, expected)) << ops->name << ' ' << features;
    }
    for (int t = 0; t < tokens; ++t)
      for (int i = 0; i < features; ++i) {
        const double gate = double{input[static_cast<std::size_t>(t * 2 * features + i)]};
        const double up = double{input[static_cast<std::size_t>((t * 2 + 1) * features + i)]};
        const double exact = gate / (1 + std::exp(-gate)) * up;
        ASSERT_NEAR(expected[static_cast<std::size_t>(t * features + i)], exact,
                    6 * 0x1p-24 * std::fabs(exact) + 1e-30);
      }
  }
}

}  // namespace
}  // namespace loci::kernels
