// The ops that look at one token at a time: embed, norm, rope, activate, scale, add.
#include <algorithm>
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

TEST(Norm, EveryIsaEqualsTheReferenceAlsoInPlace) {
  Random random(2);
  WorkerPool pool(2);
  for (int features = 1; features < 70; ++features) {
    const int tokens = random.between(1, 5), groups = random.between(1, 3);
    const int stride = groups * features + random.between(0, 3);
    const std::vector<float> input = random.reals(tokens * stride, -3, 3);
    const std::vector<float> weight = random.reals(groups * features), bias = random.reals(groups * features);
    NormArgs args{.kind = features % 2 == 0 ? NormKind::kRms : NormKind::kLayer,
                  .input = input.data(),
                  .weight = weight.data(),
                  .bias = features % 3 == 0 ? nullptr : bias.data(),
                  .epsilon = 1e-5f,
                  .tokens = tokens,
                  .groups = groups,
                  .features = features,
                  .input_stride = stride,
                  .output = nullptr,
                  .output_stride = stride};
    std::vector<float> expected = input;
    args.output = expected.data();
    testing::reference().norm(args, pool);
    for (const OpTable* ops : testing::simd_tables()) {
      std::vector<float> output = input;
      args.input = args.output = output.data();
      ops->norm(args, pool);
      ASSERT_TRUE(same_bits(output, expected)) << ops->name << ' ' << features;
    }
  }
}

TEST(Norm, RoundsToTheBytesThatQuantizeMakes) {
  Random random(12);
  WorkerPool pool(2);
  for (const int tokens : {1, 3, 8, 21}) {
    constexpr int kFeatures = 96;
    std::vector<float> input = random.reals(tokens * kFeatures, -3, 3);
    if (tokens == 21) input[5 * kFeatures] = std::nanf("");
    const std::vector<float> weight = random.reals(kFeatures), bias = random.reals(kFeatures);
    std::vector<float> output(input.size());
    NormArgs args{.kind = tokens % 2 == 0 ? NormKind::kRms : NormKind::kLayer,
                  .input = input.data(),
                  .weight = weight.data(),
                  .bias = tokens == 3 ? nullptr : bias.data(),
                  .epsilon = 1e-5f,
                  .tokens = tokens,
                  .groups = 1,
                  .features = kFeatures,
                  .input_stride = kFeatures,
                  .output = output.data(),
                  .output_stride = kFeatures};
    testing::reference().norm(args, pool);
    const auto expected = testing::quantized(testing::reference(), pool, output.data(), tokens, kFeatures);
    args.output = nullptr;
    std::vector<const OpTable*> tables = testing::simd_tables();
    tables.push_back(&testing::reference());
    for (const OpTable* ops : tables) {
      std::vector<QuantizedBlock> bytes(expected.size());
      args.bytes = bytes.data();
      ops->norm(args, pool);
      ASSERT_EQ(std::memcmp(bytes.data(), expected.data(), bytes.size() * sizeof(QuantizedBlock)), 0)
          << ops->name << ' ' << tokens;
      testing::OwnedScaledRows rows(tokens, kFeatures);
      args.bytes = nullptr;
      args.scaled = rows.view();
      ops->norm(args, pool);
      ASSERT_TRUE(
          same_rows(rows, testing::scaled(testing::reference(), pool, output.data(), tokens, kFeatures)))
          << ops->name << ' ' << tokens;
      args.scaled = {};
    }
  }
}

TEST(Norm, ReferenceIsCloseToExact) {
  Random random(3);
  WorkerPool pool(1);
  constexpr int kFeatures = 300;
  const std::vector<float> input = random.reals(kFeatures, -3, 4), weight = random.reals(kFeatures),
                           bias = random.reals(kFeatures);
  for (const NormKind kind : {NormKind::kRms, NormKind::kLayer}) {
    std::vector<float> output(kFeatures);
    testing::reference().norm({.kind = kind,
                               .input = input.data(),
                               .weight = weight.data(),
                               .bias = bias.data(),
                               .epsilon = 1e-5f,
                               .tokens = 1,
                               .groups = 1,
                               .features = kFeatures,
                               .input_stride = kFeatures,
                               .output = output.data(),
                               .output_stride = kFeatures},
                              pool);
    double mean = 0, squares = 0;
    for (const float x : input) mean += kind == NormKind::kLayer ? double{x} / kFeatures : 0;
    for (const float x : input) squares += (double{x} - mean) * (double{x} - mean);
    const double factor = 1 / std::sqrt(squares / kFeatures + double{1e-5f});
    for (std::size_t i = 0; i < kFeatures; ++i) {
      const double exact = (double{input[i]} - mean) * factor * double{weight[i]} + double{bias[i]};
      // 20 roundings in the sums, a root, a division, two products; the mean's error is absolute.
      ASSERT_NEAR(output[i], exact, 24 * 0x1p-24 * (std::fabs(exact) + 2));
    }
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

double exact_activation(Activation kind, double x) {
  switch (kind) {
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kGelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
    case Activation::kQuickGelu:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kReluSquared:
      return std::max(x, 0.0) * std::max(x, 0.0);
  }
  return 0;
}

constexpr Activation kActivations[] = {Activation::kSilu,      Activation::kGelu, Activation::kGeluTanh,
                                       Activation::kQuickGelu, Activation::kRelu, Activation::kReluSquared};

void check_activation(Activation kind, bool gated, int features, Random& random, WorkerPool& pool) {
  const int tokens = random.between(1, 5), width = gated ? gated_width(features) : features;
  std::vector<float> input = random.reals(tokens * width, -10, 10);
  for (std::size_t i = 0; i < input.size(); i += 7) input[i] *= 20;
  ActivateArgs args{kind, gated, input.data(), tokens, features, nullptr};
  std::vector<float> expected(static_cast<std::size_t>(tokens * features)), output(expected.size());
  args.output = expected.data();
  testing::reference().activate(args, pool);
  args.output = output.data();
  for (const OpTable* ops : testing::simd_tables()) {
    ops->activate(args, pool);
    ASSERT_TRUE(same_bits(output, expected)) << ops->name << ' ' << features;
  }
  for (int t = 0; t < tokens; ++t)
    for (int i = 0; i < features; ++i) {
      const int place = t * width + (gated ? i + i / 16 * 16 : i);
      const double x = double{input[static_cast<std::size_t>(place)]};
      const double up = gated ? double{input[static_cast<std::size_t>(place + 16)]} : 1;
      const double exact = exact_activation(kind, x) * up;
      // In the negative tails the argument of exp is off by some units of its last place, but the value is
      // tiny.
      ASSERT_NEAR(expected[static_cast<std::size_t>(t * features + i)], exact,
                  8 * 0x1p-24 * std::fabs(exact) + 3e-7 * std::fabs(up));
    }
}

TEST(Activate, EveryIsaEqualsTheReferenceAndTheReferenceIsClose) {
  Random random(5);
  WorkerPool pool(2);
  for (const Activation kind : kActivations)
    for (int features = 1; features < 70; ++features)
      check_activation(kind, features % 2 == 0, features, random, pool);
}

TEST(Scale, EveryIsaEqualsTheReferenceWithClipAndCap) {
  Random random(6);
  WorkerPool pool(2);
  for (int features = 1; features < 70; ++features) {
    const int tokens = random.between(1, 5), stride = features + random.between(0, 3);
    const std::vector<float> input = random.reals(tokens * stride, -60, 60);
    ScaleArgs args{
        .values = nullptr, .tokens = tokens, .features = features, .stride = stride, .scale = 1.7f};
    args.clip = features % 2 == 0 ? 25.0f : 0.0f;
    args.softcap = features % 3 == 0 ? 30.0f : 0.0f;
    std::vector<float> expected = input;
    args.values = expected.data();
    testing::reference().scale(args, pool);
    for (const OpTable* ops : testing::simd_tables()) {
      std::vector<float> output = input;
      args.values = output.data();
      ops->scale(args, pool);
      ASSERT_TRUE(same_bits(output, expected)) << ops->name << ' ' << features;
    }
    double exact = double{input[0]} * double{1.7f};
    if (args.clip > 0) exact = std::clamp(exact, -25.0, 25.0);
    if (args.softcap > 0) exact = 30 * std::tanh(exact / 30);
    ASSERT_NEAR(expected[0], exact, 1e-5);
  }
}

TEST(Add, AddsARowOrTheSameToAll) {
  Random random(7);
  WorkerPool pool(2);
  for (int features = 1; features < 40; ++features) {
    const int tokens = random.between(1, 5);
    const std::vector<float> sum = random.reals(tokens * features), addend = random.reals(tokens * features);
    for (const int stride : {0, features}) {
      AddArgs args{nullptr, addend.data(), tokens, features, stride, 0.3f};
      std::vector<float> expected = sum;
      args.sum = expected.data();
      testing::reference().add(args, pool);
      for (int t = 0; t < tokens; ++t)
        for (int i = 0; i < features; ++i) {
          const auto at = static_cast<std::size_t>(t * features + i);
          ASSERT_EQ(expected[at], std::fma(addend[static_cast<std::size_t>(t * stride + i)], 0.3f, sum[at]));
        }
      for (const OpTable* ops : testing::simd_tables()) {
        std::vector<float> output = sum;
        args.sum = output.data();
        ops->add(args, pool);
        ASSERT_TRUE(same_bits(output, expected)) << ops->name << ' ' << features;
      }
    }
  }
}

}  // namespace
}  // namespace loci::kernels
