// Products of BF16 (MatmulArgs::rounded), of the tables that have them: each beside a model of its order.
#include <cmath>

#include "kernels/test_support.h"

namespace loci::kernels {
namespace {

using testing::OwnedMatrix;
using testing::Random;
using testing::same_bits;

float normal_or_zero(float x) {
  return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x;
}
float multiply_add(float a, float b, float sum) {
  return normal_or_zero(std::fma(a, b, normal_or_zero(sum)));
}

/// A row of inputs and one of weights, of an even number of columns.
float pairs_in_turn(std::span<const float> x, std::span<const float> w) {
  float sum = 0;
  for (std::size_t c = 0; c < x.size(); c += 2)
    sum = multiply_add(x[c], w[c], multiply_add(x[c + 1], w[c + 1], sum));
  return sum;
}
float blocks_of_even_and_odd(std::span<const float> x, std::span<const float> w) {
  float sum = 0;
  for (std::size_t block = 0; block < x.size(); block += kQuantizedColumns) {
    float parts[2] = {};
    for (std::size_t c = block; c < std::min(block + kQuantizedColumns, x.size()); ++c)
      parts[c % 2] = multiply_add(x[c], w[c], parts[c % 2]);
    sum = normal_or_zero(sum + normal_or_zero(parts[0] + parts[1]));
  }
  return sum;
}

struct Table {
  Isa isa;
  float (*dot)(std::span<const float>, std::span<const float>);
};
class MatmulBf16 : public ::testing::TestWithParam<Table> {
 protected:
  void SetUp() override {
    ops_ = ops_for(GetParam().isa);
    if (ops_ == nullptr) GTEST_SKIP() << "this processor has no such instructions";
  }
  std::vector<float> run(const OwnedMatrix& weight, std::span<const float> input, WorkerPool& pool,
                         std::vector<float> output, MatmulOutput mode = MatmulOutput::kStore) const {
    const int columns = weight.view.columns, tokens = static_cast<int>(input.size()) / columns;
    std::vector<RoundedBlock> rounded(static_cast<std::size_t>((columns + 31) / 32 * tokens));
    ops_->round({input.data(), tokens, columns, rounded.data()}, pool);
    ops_->matmul({.weight = weight.view,
                  .input = nullptr,
                  .tokens = tokens,
                  .mode = mode,
                  .output = output.data(),
                  .output_stride = weight.view.rows,
                  .rounded = rounded.data()},
                 pool);
    return output;
  }
  const OpTable* ops_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Tables, MatmulBf16,
                         ::testing::Values(Table{Isa::kAvx512Bf16, pairs_in_turn},
                                           Table{Isa::kAmx, blocks_of_even_and_odd}),
                         [](const auto& param) {
                           return std::string(param.param.isa == Isa::kAmx ? "Amx" : "Avx512Bf16");
                         });

std::vector<float> rounded(std::span<const float> numbers) {
  std::vector<std::uint16_t> bits(numbers.size());
  std::vector<float> values(numbers.size());
  quantize_row(DType::kBF16, numbers.data(), numbers.size(), reinterpret_cast<std::byte*>(bits.data()));
  dequantize_row(DType::kBF16, reinterpret_cast<const std::byte*>(bits.data()), bits.size(), values.data());
  return values;
}

TEST_P(MatmulBf16, EqualsTheModelOfItsOrder) {
  WorkerPool pool(3);
  Random random(1);
  for (int round = 0; round < 60; ++round) {
    const int columns = round % 6 == 0 ? random.between(500, 1700) : random.between(1, 200);
    const int rows = random.between(1, 150), tokens = round < 40 ? round + 1 : random.between(30, 90);
    const OwnedMatrix weight(DType::kBF16, rows, columns, random);
    const std::vector<float> input = random.reals(tokens * columns), before = random.reals(tokens * rows);
    const std::vector<float> x = rounded(input);
    const MatmulOutput mode = round % 2 == 0 ? MatmulOutput::kStore : MatmulOutput::kAccumulate;
    const std::vector<float> output = run(weight, input, pool, before, mode);
    // An odd column's partner is 0.
    std::vector<float> x_row(static_cast<std::size_t>(columns + columns % 2)), w_row(x_row.size());
    for (int t = 0; t < tokens; ++t)
      for (int r = 0; r < rows; ++r) {
        const auto width = static_cast<std::ptrdiff_t>(columns);
        std::copy_n(x.begin() + t * width, width, x_row.begin());
        std::copy_n(weight.values.begin() + r * width, width, w_row.begin());
        const auto at = static_cast<std::size_t>(t * rows + r);
        const float dot = GetParam().dot(x_row, w_row);
        ASSERT_EQ(output[at], mode == MatmulOutput::kStore ? dot : before[at] + dot)
            << rows << 'x' << columns << " token " << t << " of " << tokens << " row " << r;
      }
  }
}

TEST_P(MatmulBf16, ATokensRowDoesNotDependOnTheBatchOrTheThreads) {
  Random random(2);
  WorkerPool pools[] = {WorkerPool(1), WorkerPool(2), WorkerPool(4)};
  for (const int columns : {96, 333, 1056}) {
    constexpr int kRows = 333, kTokens = 600;  // more than a kernel takes at once
    const OwnedMatrix weight(DType::kBF16, kRows, columns, random);
    const std::vector<float> input = random.reals(kTokens * columns);
    const std::vector<float> all = run(weight, input, pools[0], std::vector<float>(kTokens * kRows));
    std::vector<int> sizes{100, 130, 544, 600};
    for (int size = 1; size <= 64; ++size) sizes.push_back(size);
    for (const int size : sizes) {
      WorkerPool& pool = pools[size % 3];
      const int first = random.between(0, kTokens - size);
      const auto rows = std::span(input).subspan(static_cast<std::size_t>(first * columns),
                                                 static_cast<std::size_t>(size * columns));
      const auto expected = std::span(all).subspan(static_cast<std::size_t>(first * kRows),
                                                   static_cast<std::size_t>(size * kRows));
      ASSERT_TRUE(same_bits(run(weight, rows, pool, std::vector<float>(expected.size())), expected))
          << columns << " columns, " << size << " tokens, threads " << pool.size();
    }
  }
}

TEST_P(MatmulBf16, RoundsToNearestEvenWithZerosBehind) {
  WorkerPool pool(2);
  Random random(3);
  for (const int columns : {1, 15, 16, 17, 31, 33, 64}) {
    std::vector<float> input = random.reals(3 * columns, -3, 3);
    input[0] = 0x1.01p+0f, input[static_cast<std::size_t>(columns)] = 0x1.03p+0f;  // halfway: down, up
    const std::vector<float> expected = rounded(input);
    const int blocks = (columns + 31) / 32;
    std::vector<RoundedBlock> output(static_cast<std::size_t>(blocks * 3));
    ops_->round({input.data(), 3, columns, output.data()}, pool);
    for (int t = 0; t < 3; ++t)
      for (int c = 0; c < 32 * blocks; ++c) {
        const std::uint16_t bits = output[static_cast<std::size_t>(c / 32 * 3 + t)].numbers[c % 32];
        ASSERT_EQ(std::bit_cast<float>(std::uint32_t{bits} << 16),
                  c < columns ? expected[static_cast<std::size_t>(t * columns + c)] : 0);
      }
  }
}

TEST_P(MatmulBf16, WhatIsNoNumberStaysInItsRow) {
  WorkerPool pool(1);
  Random random(4);
  const OwnedMatrix weight(DType::kBF16, 20, 50, random);
  for (const float bad : {std::nanf(""), HUGE_VALF, 3.4e38f}) {  // the last one rounds to infinity
    std::vector<float> input = random.reals(2 * 50);
    input[77] = bad;
    const std::vector<float> output = run(weight, input, pool, std::vector<float>(40));
    for (std::size_t r = 0; r < 20; ++r) {
      EXPECT_TRUE(std::isfinite(output[r]));
      EXPECT_FALSE(std::isfinite(output[20 + r]));
    }
  }
}

}  // namespace
}  // namespace loci::kernels
