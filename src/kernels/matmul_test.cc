#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/scaled_address.h"
#include "kernels/test_support.h"
#include "tensor/formats/w8a8.h"
#include "testing/sanitized.h"

namespace loci::kernels {
namespace {

using testing::OwnedMatrix;
using testing::Random;
using testing::same_bits;

constexpr int kGap = 3;  // unused floats between the rows of the output, which must stay as they are

enum class Arithmetic { kFloat, kInteger, kScaled };

struct Case {
  Case(DType dtype, int rows, int columns, int count, Random& random)
      : weight(dtype, rows, columns, random),
        tokens(count),
        stride(rows + kGap),
        input(random.reals(count * columns)),
        before(random.reals(count * stride)) {}

  std::vector<float> run(const OpTable& ops, WorkerPool& pool, MatmulOutput mode, int first,
                         int count) const {
    std::vector<float> output(before.begin() + first * stride, before.begin() + (first + count) * stride);
    const float* rows = input.data() + first * weight.view.columns;
    std::vector<QuantizedBlock> bytes;
    if (arithmetic == Arithmetic::kInteger)
      bytes = testing::quantized(ops, pool, rows, count, weight.view.columns, weight.view.column_order);
    testing::OwnedScaledRows scaled(count, weight.view.columns);
    if (arithmetic == Arithmetic::kScaled)
      scaled = testing::scaled(ops, pool, rows, count, weight.view.columns, weight.view.column_order);
    ops.matmul({.weight = weight.view,
                .input = rows,
                .tokens = count,
                .mode = mode,
                .output = output.data(),
                .output_stride = stride,
                .quantized = arithmetic == Arithmetic::kInteger ? bytes.data() : nullptr,
                .scaled = arithmetic == Arithmetic::kScaled ? scaled.view() : ScaledRows{}},
               pool);
    return output;
  }
  std::vector<float> run(const OpTable& ops, WorkerPool& pool, MatmulOutput mode) const {
    return run(ops, pool, mode, 0, tokens);
  }

  OwnedMatrix weight;
  int tokens, stride;
  Arithmetic arithmetic = Arithmetic::kFloat;
  std::vector<float> input, before;
};

std::vector<DType> types_of(Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::kScaled) return {DType::kW8A8};
  return arithmetic == Arithmetic::kInteger ? testing::integer_types() : testing::weight_types();
}

class Matmul : public ::testing::TestWithParam<Arithmetic> {};
INSTANTIATE_TEST_SUITE_P(Float, Matmul, ::testing::Values(Arithmetic::kFloat));
INSTANTIATE_TEST_SUITE_P(Integer, Matmul, ::testing::Values(Arithmetic::kInteger));
INSTANTIATE_TEST_SUITE_P(Scaled, Matmul, ::testing::Values(Arithmetic::kScaled));

TEST_P(Matmul, EveryIsaEqualsTheReference) {
  WorkerPool alone(1), pool(3);
  Random random(2);
  for (const DType dtype : types_of(GetParam()))
    for (int round = 0; round < (loci::testing::kSanitized ? 16 : 30); ++round) {
      const int unit = traits(dtype).block_elements;
      const int columns = unit * random.between(1, round % 10 == 0 ? 700 / unit + 1 : 90 / unit + 1);
      const int tokens = round < 16 ? round + 1 : random.between(1, 33);
      Case c(dtype, random.between(1, 150), columns, tokens, random);
      c.arithmetic = GetParam();
      for (const MatmulOutput mode : {MatmulOutput::kStore, MatmulOutput::kAccumulate}) {
        const std::vector<float> expected = c.run(testing::reference(), alone, mode);
        for (const OpTable* ops : testing::simd_tables())
          ASSERT_TRUE(same_bits(c.run(*ops, pool, mode), expected))
              << ops->name << ' ' << traits(dtype).name << ' ' << c.weight.view.rows << 'x' << columns
              << " tokens " << tokens;
      }
    }
}

TEST_P(Matmul, ATokensRowDoesNotDependOnTheBatchOrTheThreads) {
  Random random(3);
  WorkerPool pools[] = {WorkerPool(1), WorkerPool(2), WorkerPool(3)};
  for (const DType dtype : types_of(GetParam())) {
    const int unit = traits(dtype).block_elements;
    const int width = loci::testing::kSanitized ? 64 : 320;
    Case c(dtype, 333, width / unit * unit + unit, 200, random);
    c.arithmetic = GetParam();
    for (const OpTable* ops : testing::simd_tables()) {
      const std::vector<float> all = c.run(*ops, pools[0], MatmulOutput::kStore);
      for (const int size : {1, 2, 3, 4, 5, 7, 12, 33, 97, 128, 130, 200})
        for (WorkerPool& pool : pools) {
          const int first = random.between(0, c.tokens - size);
          const auto from = all.begin() + first * c.stride;
          ASSERT_TRUE(same_bits(c.run(*ops, pool, MatmulOutput::kStore, first, size),
                                std::vector<float>(from, from + size * c.stride)))
              << ops->name << ' ' << traits(dtype).name << " tokens " << size << " threads " << pool.size();
        }
    }
  }
}

/// The reference against sums in double; `bound(weight, input)` is what an element's product may add to the
/// error of its sum.
template <class Bound>
void expect_close_to_exact(const Case& c, Bound bound) {
  WorkerPool pool(1);
  const int columns = c.weight.view.columns;
  const std::vector<float> output = c.run(testing::reference(), pool, MatmulOutput::kStore);
  for (int t = 0; t < c.tokens; ++t)
    for (int r = 0; r < c.weight.view.rows; ++r) {
      double exact = 0, allowed = 0;
      for (int i = 0; i < columns; ++i) {
        const double weight{c.weight.at(r, i)}, input{c.input[static_cast<std::size_t>(t * columns + i)]};
        exact += weight * input;
        allowed += bound(std::fabs(weight), std::fabs(input));
      }
      ASSERT_NEAR(output[static_cast<std::size_t>(t * c.stride + r)], exact, allowed)
          << traits(c.weight.view.dtype).name;
    }
}

/// A sum of n terms by n roundings: at most n * 2^-24 of the sum of magnitudes (Higham, section 3.1).
constexpr int kTerms = 512;
constexpr double kRoundings = kTerms * 0x1p-24;

TEST(MatmulFloat, ReferenceIsCloseToExact) {
  Random random(4);
  for (const DType dtype : testing::weight_types())
    expect_close_to_exact(Case(dtype, 40, kTerms, 3, random),
                          [](double weight, double input) { return kRoundings * weight * input; });
}

// Rounding the inputs to bytes is all that integer arithmetic adds: half a step of max|x| / 127 an input,
// where |x| <= 1.
TEST(MatmulInteger, ReferenceIsCloseToExact) {
  Random random(4);
  for (const DType dtype : testing::integer_types()) {
    Case c(dtype, 40, kTerms, 3, random);
    c.arithmetic = Arithmetic::kInteger;
    expect_close_to_exact(c, [](double weight, double) { return 1.01 * weight * (0.5 / 127 + kRoundings); });
  }
}

// The same with one scale a row.
TEST(MatmulScaled, ReferenceIsCloseToExact) {
  Random random(4);
  Case c(DType::kW8A8, 40, kTerms, 3, random);
  c.arithmetic = Arithmetic::kScaled;
  expect_close_to_exact(c, [](double weight, double) { return 1.001 * weight * 0.5 / 127; });
}

TEST(MatmulScaled, NeitherRowsNorThreadsChangeABit) {
  Random random(12);
  WorkerPool pools[] = {WorkerPool(1), WorkerPool(2), WorkerPool(3), WorkerPool(4)};
  Case c(DType::kW8A8, 333, 352, 64, random);
  c.arithmetic = Arithmetic::kScaled;
  for (const OpTable* ops : testing::simd_tables()) {
    const std::vector<float> all = c.run(testing::reference(), pools[0], MatmulOutput::kStore);
    for (int size = 1; size <= 64; ++size)
      for (WorkerPool& pool : pools) {
        const int first = random.between(0, c.tokens - size);
        const auto from = all.begin() + first * c.stride;
        ASSERT_TRUE(same_bits(c.run(*ops, pool, MatmulOutput::kStore, first, size),
                              std::vector<float>(from, from + size * c.stride)))
            << ops->name << " tokens " << size << " threads " << pool.size();
      }
  }
}

// The largest codes of either sign over as many columns as there may be: sums go to the end of 32 bits, and
// those of unsigned codes, 255 for 127, beyond it and back.
TEST(MatmulScaled, TheLongestRowsDoNotOverflow) {
  constexpr int kColumns = static_cast<int>(kMostW8A8Columns), kRows = 17, kTokens = 6;
  static_assert(std::int64_t{kColumns} * 128 * 127 <= INT32_MAX &&
                std::int64_t{kColumns + kW8A8Block} * 128 * 127 > INT32_MAX);
  Random random(13);
  WorkerPool pool(2);
  testing::OwnedMatrix weight(DType::kW8A8, kRows, kColumns, random);
  const std::size_t panel = weight.view.panel_bytes(), codes = panel - kPanelRows * sizeof(float);
  std::memset(weight.bytes.data() + panel - codes, 0, codes);         // -128 in the first panel
  std::memset(weight.bytes.data() + 2 * panel - codes, 0xFF, codes);  // 127 in the second
  std::vector<float> input(static_cast<std::size_t>(kTokens * kColumns), 1.0f);
  std::fill_n(input.begin(), kColumns, -1.0f);
  std::vector<const OpTable*> tables = testing::simd_tables();
  tables.push_back(&testing::reference());
  for (const OpTable* ops : tables)
    for (const int tokens : {1, 2, kTokens}) {
      testing::OwnedScaledRows rows = testing::scaled(*ops, pool, input.data(), tokens, kColumns);
      std::vector<float> output(static_cast<std::size_t>(tokens * kRows)), scales(kPanelRows * 2);
      for (std::size_t p = 0; p < 2; ++p)
        std::memcpy(&scales[p * kPanelRows], weight.bytes.data() + p * panel, 64);
      ops->matmul({.weight = weight.view,
                   .input = nullptr,
                   .tokens = tokens,
                   .mode = MatmulOutput::kStore,
                   .output = output.data(),
                   .output_stride = kRows,
                   .scaled = rows.view()},
                  pool);
      for (int t = 0; t < tokens; ++t)
        for (std::size_t r = 0; r < kRows; ++r) {
          const int code = r < kPanelRows ? -128 : 127, x = t == 0 ? -127 : 127;
          const auto dot = static_cast<float>(kColumns * code * x);
          ASSERT_EQ(output[static_cast<std::size_t>(t * kRows) + r], dot * (scales[r] * (1.0f / 127.0f)))
              << ops->name << ' ' << tokens;
        }
    }
}

TEST(MatmulScaled, RowsAreTheNearestBytesAndEqualOnEveryIsa) {
  Random random(8);
  WorkerPool alone(1), pool(3);
  for (const int columns : {32, 64, 160, 1056})
    for (const int tokens : {1, 3, 8, 19, 70}) {
      std::vector<float> input = random.reals(tokens * columns, -3, 3);
      const auto width = static_cast<std::size_t>(columns);
      if (tokens > 2) std::fill_n(input.begin(), width, 0.0f), input[width + 5] = 1e30f;
      if (tokens > 2) std::fill_n(input.begin() + 2 * columns, width, 1e-40f);
      if (tokens > 8) input[5 * width + 31] = std::nanf(""), input[6 * width] = -HUGE_VALF;
      const auto expected = testing::scaled(testing::reference(), alone, input.data(), tokens, columns);
      for (std::size_t t = 0; t < static_cast<std::size_t>(tokens); ++t) {
        const RowScale& scale = expected.scales[t];
        const bool finite = tokens <= 8 || (t != 5 && t != 6);
        ASSERT_EQ(std::isnan(scale.scale), !finite);
        int sum = 0;
        for (std::size_t c = 0; c < width; ++c) {
          const long at =
              scaled_at(static_cast<int>(t), static_cast<int>(c / 64), tokens, (columns + 63) / 64);
          const ScaledBlock& block = expected.blocks[static_cast<std::size_t>(at)];
          sum += block.codes[c % 64];
          if (finite) {
            ASSERT_NEAR(double{scale.scale} * block.codes[c % 64], input[t * width + c],
                        0.5001 * double{scale.scale} + double{kSmallestQuantized});
          }
        }
        ASSERT_EQ(scale.offset, -128 * sum);
      }
      for (const OpTable* ops : testing::simd_tables())
        ASSERT_TRUE(same_rows(testing::scaled(*ops, pool, input.data(), tokens, columns), expected))
            << ops->name << ' ' << columns << ' ' << tokens;
    }
}

TEST(MatmulInteger, ManyRowsOfManyColumnsEqualTheReference) {
  WorkerPool pool(2);
  Random random(10);
  std::vector<DType> types = testing::integer_types();
  types.push_back(DType::kW8A8);
  for (const DType dtype : types) {
    Case c(dtype, 37, 8192, 103, random);  // longer than a kernel may take at once, either way
    c.arithmetic = dtype == DType::kW8A8 ? Arithmetic::kScaled : Arithmetic::kInteger;
    const std::vector<float> expected = c.run(testing::reference(), pool, MatmulOutput::kAccumulate);
    for (const OpTable* ops : testing::simd_tables())
      ASSERT_TRUE(same_bits(c.run(*ops, pool, MatmulOutput::kAccumulate), expected))
          << ops->name << ' ' << traits(dtype).name;
  }
}

TEST(MatmulInteger, BytesAreTheNearestAndEqualOnEveryIsa) {
  Random random(8);
  WorkerPool alone(1), pool(3);
  constexpr int kTokens = 9, kColumns = 160;
  std::vector<float> input = random.reals(kTokens * kColumns, -3, 3);
  std::fill_n(input.begin(), 32, 0.0f);
  input[40] = 1e30f, input[70] = -1e-30f, input[100] = 0.5f;
  for (std::size_t i = 0; i < 32; ++i) input[160 + i] = static_cast<float>(i) * 1e-40f;
  const auto expected = testing::quantized(testing::reference(), alone, input.data(), kTokens, kColumns);
  for (std::size_t b = 0; b < expected.size(); ++b) {
    const std::size_t first = b % kTokens * kColumns + b / kTokens * kQuantizedColumns;
    int sum = 0;
    for (std::size_t i = 0; i < kQuantizedColumns; ++i) {
      sum += expected[b].codes[i];
      ASSERT_NEAR(double{expected[b].scale} * expected[b].codes[i], input[first + i],
                  0.5001 * double{expected[b].scale} + double{kSmallestQuantized});
    }
    ASSERT_EQ(expected[b].offset, -128 * sum);
    ASSERT_EQ(expected[b].offset, expected[b].half_offsets[0] + expected[b].half_offsets[1]);
  }
  for (const OpTable* ops : testing::simd_tables()) {
    const auto actual = testing::quantized(*ops, pool, input.data(), kTokens, kColumns);
    ASSERT_EQ(std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(QuantizedBlock)), 0)
        << ops->name;
  }
}

TEST(MatmulInteger, WhatIsNoNumberMakesNone) {
  Random random(9);
  WorkerPool pool(1);
  for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF})
    for (const DType dtype : {DType::kQ8_0, DType::kQ4_1, DType::kQ6_K, DType::kW8A8}) {
      Case c(dtype, 20, 256, 2, random);
      c.arithmetic = dtype == DType::kW8A8 ? Arithmetic::kScaled : Arithmetic::kInteger;
      c.input[256 + 77] = bad;
      std::vector<const OpTable*> tables = testing::simd_tables();
      tables.push_back(&testing::reference());
      for (const OpTable* ops : tables) {
        const std::vector<float> output = c.run(*ops, pool, MatmulOutput::kStore);
        for (std::size_t r = 0; r < 20; ++r) {
          ASSERT_TRUE(std::isfinite(output[r])) << ops->name << ": the other row";
          ASSERT_TRUE(std::isnan(output[static_cast<std::size_t>(c.stride) + r])) << ops->name << ' ' << bad;
        }
      }
    }
}

/// What kActivate is made of, one op after the other.
std::vector<float> activated(const Case& c, const MatmulArgs& args, WorkerPool& pool) {
  MatmulArgs products = args;
  std::vector<float> results(static_cast<std::size_t>(c.tokens * args.weight.rows)),
      output(static_cast<std::size_t>(c.tokens * args.output_stride));
  products.mode = MatmulOutput::kStore;
  products.output = results.data();
  products.output_stride = args.weight.rows;
  products.bytes = nullptr;
  testing::reference().matmul(products, pool);
  testing::reference().activate(
      {args.activation, args.gated, results.data(), c.tokens, args.output_stride, output.data()}, pool);
  return output;
}

TEST(MatmulInteger, ActivatesItsResults) {
  Random random(10);
  WorkerPool alone(1), pool(3);
  std::vector<const OpTable*> tables = testing::simd_tables();
  tables.push_back(&testing::reference());
  std::vector<DType> types = testing::integer_types();
  types.push_back(DType::kW8A8);
  for (int round = 0; round < 60; ++round) {
    const bool gated = round % 2 == 0, in_bytes = round % 3 == 0;
    const int features = in_bytes ? 32 * random.between(1, 9) : random.between(1, 280);
    const DType dtype = types[static_cast<std::size_t>(round) % types.size()];
    const int tokens = round < 30 ? random.between(1, 9) : random.between(100, 300);
    const Case c(dtype, gated ? gated_width(features) : features, 256, tokens, random);
    const auto input = testing::quantized(testing::reference(), alone, c.input.data(), tokens, 256);
    auto scaled_input = testing::scaled(testing::reference(), alone, c.input.data(), tokens, 256);
    const std::vector<float> bias = random.reals(c.weight.view.rows);
    MatmulArgs args{.weight = c.weight.view,
                    .input = nullptr,
                    .tokens = tokens,
                    .mode = MatmulOutput::kActivate,
                    .output = nullptr,
                    .output_stride = features,
                    .bias = round % 4 < 2 ? bias.data() : nullptr,
                    .quantized = dtype == DType::kW8A8 ? nullptr : input.data(),
                    .scaled = dtype == DType::kW8A8 ? scaled_input.view() : ScaledRows{},
                    .activation = round % 5 == 0 ? Activation::kGelu : Activation::kSilu,
                    .gated = gated};
    const std::vector<float> expected = activated(c, args, alone);
    for (const OpTable* ops : tables) {
      std::vector<float> output(expected.size());
      args.output = output.data();
      if (in_bytes) {
        const auto bytes = testing::quantized(testing::reference(), alone, expected.data(), tokens, features);
        std::vector<QuantizedBlock> actual(bytes.size());
        args.bytes = actual.data();
        ops->matmul(args, pool);
        ASSERT_EQ(std::memcmp(actual.data(), bytes.data(), bytes.size() * sizeof(QuantizedBlock)), 0)
            << ops->name << ' ' << features << " tokens " << tokens;
      } else {
        args.bytes = nullptr;
        ops->matmul(args, pool);
        ASSERT_TRUE(same_bits(output, expected)) << ops->name << ' ' << features << " tokens " << tokens;
      }
    }
  }
}

TEST_P(Matmul, PanelsGoWhereTheirStepSays) {
  Random random(11);
  WorkerPool pool(2);
  const auto tables = testing::simd_tables();
  for (const int tokens : {1, 6, 40}) {
    Case c(GetParam() == Arithmetic::kScaled ? DType::kW8A8 : DType::kQ8_0, 53, 64, tokens, random);
    c.arithmetic = GetParam();
    const std::vector<float> plain = c.run(testing::reference(), pool, MatmulOutput::kStore);
    const auto bytes = testing::quantized(testing::reference(), pool, c.input.data(), tokens, 64);
    auto scaled = testing::scaled(testing::reference(), pool, c.input.data(), tokens, 64);
    for (const OpTable* ops : tables) {
      std::vector<float> spread(static_cast<std::size_t>(tokens * gated_width(53)), -1.0f);
      ops->matmul({.weight = c.weight.view,
                   .input = c.input.data(),
                   .tokens = tokens,
                   .mode = MatmulOutput::kStore,
                   .output = spread.data() + 16,
                   .output_stride = gated_width(53),
                   .quantized = GetParam() == Arithmetic::kInteger ? bytes.data() : nullptr,
                   .scaled = GetParam() == Arithmetic::kScaled ? scaled.view() : ScaledRows{},
                   .panel_step = 32},
                  pool);
      for (int t = 0; t < tokens; ++t)
        for (int r = 0; r < 53; ++r) {
          const int place = t * gated_width(53) + r + r / 16 * 16;
          ASSERT_EQ(spread[static_cast<std::size_t>(place + 16)],
                    plain[static_cast<std::size_t>(t * c.stride + r)]);
          ASSERT_EQ(spread[static_cast<std::size_t>(place)], -1.0f) << ops->name << ' ' << t << ' ' << r;
        }
    }
  }
}

TEST_P(Matmul, SortedColumnsTakeTheirInputsFromWhereTheyCome) {
  Random random(6);
  WorkerPool pool(2);
  for (const int tokens : {1, 2, 4, 5, 40}) {
    const DType dtype = GetParam() == Arithmetic::kScaled ? DType::kW8A8 : DType::kInt4;
    Case plain(dtype, 37, 320, tokens, random);
    plain.arithmetic = GetParam();
    std::vector<std::uint32_t> order(320);
    std::iota(order.begin(), order.end(), 0u);
    std::ranges::shuffle(order, std::mt19937(7));
    // The same sums: input order[c] of the sorted matrix is input c of the plain one.
    Case sorted(dtype, 37, 320, tokens, random);
    for (std::size_t t = 0; t < static_cast<std::size_t>(tokens); ++t)
      for (std::size_t c = 0; c < 320; ++c) sorted.input[t * 320 + order[c]] = plain.input[t * 320 + c];
    sorted.before = plain.before;
    sorted.arithmetic = GetParam();
    sorted.weight.view = plain.weight.view;
    sorted.weight.view.column_order = order.data();
    const std::vector<float> expected = plain.run(testing::reference(), pool, MatmulOutput::kStore);
    ASSERT_TRUE(same_bits(sorted.run(testing::reference(), pool, MatmulOutput::kStore), expected));
    for (const OpTable* ops : testing::simd_tables())
      ASSERT_TRUE(same_bits(sorted.run(*ops, pool, MatmulOutput::kStore), expected)) << ops->name << tokens;
  }
}

TEST_P(Matmul, NoTokensIsNoWork) {
  Random random(5);
  WorkerPool pool(2);
  Case c(GetParam() == Arithmetic::kScaled ? DType::kW8A8 : DType::kQ8_0, 20, 32, 0, random);
  c.arithmetic = GetParam();
  for (const OpTable* ops : testing::simd_tables())
    EXPECT_TRUE(c.run(*ops, pool, MatmulOutput::kStore).empty());
}

}  // namespace
}  // namespace loci::kernels
