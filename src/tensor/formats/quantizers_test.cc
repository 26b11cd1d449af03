// What the quantizers that search lose, and that no input is too odd for them. What their blocks mean is
// checked against the gguf package in golden_blocks_test.cc.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

#include "tensor/formats/convert.h"
#include "tensor/formats/format.h"

namespace loci {
namespace {

constexpr DType kSearched[] = {DType::kQ2_K, DType::kQ3_K,   DType::kQ4_K,  DType::kQ5_K,
                               DType::kQ6_K, DType::kIQ4_NL, DType::kIQ4_XS};

std::string name_of(DType dtype) {
  return std::string(traits(dtype).name);
}

std::vector<float> there_and_back(DType dtype, const std::vector<float>& row) {
  std::vector<std::byte> stored(row_bytes(dtype, row.size()));
  std::vector<float> back(row.size());
  quantize_row(dtype, row.data(), row.size(), stored.data());
  dequantize_row(dtype, stored.data(), row.size(), back.data());
  return back;
}

std::vector<float> normal_row(std::size_t count, float deviation) {
  std::mt19937 engine(11);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> row(count);
  for (float& value : row) value = normal(engine);
  return row;
}

/// Root mean square of the error, as a share of that of the row.
double relative_error(DType dtype, const std::vector<float>& row) {
  const std::vector<float> back = there_and_back(dtype, row);
  double error = 0, size = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    error += std::pow(double{back[i]} - double{row[i]}, 2);
    size += std::pow(double{row[i]}, 2);
  }
  return std::sqrt(error / size);
}

// A quantizer of b bits an element cannot lose less than 2^-b of a normal source (its distortion-rate bound,
// Cover and Thomas, section 10.3); that with evenly spaced levels and no side information lose 34 %, 19
// %, 10.7 %, 5.9 % and 3.2 % with 2 to 6 bits (Max 1960). Blocks with scales must stand between.
struct Expected {
  DType dtype;
  double highest;
};
constexpr Expected kExpected[] = {{DType::kQ2_K, 0.28},    {DType::kQ3_K, 0.15},   {DType::kIQ4_XS, 0.076},
                                  {DType::kIQ4_NL, 0.076}, {DType::kQ4_K, 0.073},  {DType::kQ5_K, 0.036},
                                  {DType::kQ6_K, 0.0175},  {DType::kQ8_0, 0.0056}, {DType::kF16, 0.0003}};

TEST(FormatsQuantizers, LoseWhatTheirBitsAllow) {
  const std::vector<float> row = normal_row(64 * 256, 0.02f);
  double before = 1;
  for (const auto [dtype, highest] : kExpected) {
    const double bits = 8.0 * traits(dtype).block_bytes / traits(dtype).block_elements;
    const double error = relative_error(dtype, row);
    EXPECT_LT(error, highest) << name_of(dtype);
    EXPECT_GT(error, std::exp2(-bits)) << name_of(dtype);
    EXPECT_LT(error, before * 1.01) << name_of(dtype) << " loses more than a type of fewer bits";
    before = error;
  }
}

TEST(FormatsQuantizers, SizeOfTheElementsDoesNotMatter) {
  for (const DType dtype : kSearched) {
    const double error = relative_error(dtype, normal_row(4096, 1));
    for (const float deviation : {1e-3f, 0.1f, 100.0f, 1e4f})
      EXPECT_NEAR(relative_error(dtype, normal_row(4096, deviation)) / error, 1, 0.05) << name_of(dtype);
  }
}

TEST(FormatsQuantizers, KeepRowsOfOneValue) {
  for (const DType dtype : kSearched)
    for (const float value : {0.0f, 0.37f, -0.37f, 1000.0f, -3e-3f}) {
      for (const float back : there_and_back(dtype, std::vector<float>(512, value)))
        ASSERT_NEAR(back, value, 0.02 * std::fabs(value)) << name_of(dtype) << ' ' << value;
    }
}

TEST(FormatsQuantizers, AnOutlierCostsOnlyItsSubBlock) {
  for (const DType dtype : kSearched) {
    std::vector<float> row = normal_row(512, 0.02f);
    row[40] = -3;
    const std::vector<float> back = there_and_back(dtype, row);
    EXPECT_NEAR(back[40], row[40], 0.25) << name_of(dtype);
    // The other block does not know of it; in this one the scales are coarser, but still fit.
    const auto error = [&](std::size_t begin, std::size_t end) {
      double squares = 0;
      for (std::size_t i = begin; i < end; ++i) squares += std::pow(double{back[i]} - double{row[i]}, 2);
      return std::sqrt(squares / static_cast<double>(end - begin));
    };
    EXPECT_LT(error(64, 256), 0.02) << name_of(dtype);
    EXPECT_LT(error(256, 512), 0.02 * 0.32) << name_of(dtype);
  }
}

TEST(FormatsQuantizers, ExactWhereTheBlockCanHoldTheRow) {
  std::mt19937 engine(3);
  for (const auto& [dtype, low, high] : {std::tuple{DType::kQ3_K, -4, 3},
                                         {DType::kQ6_K, -32, 31},
                                         {DType::kQ2_K, 0, 3},
                                         {DType::kQ4_K, 0, 15},
                                         {DType::kQ5_K, 0, 31}}) {
    std::vector<float> row(256);
    for (float& value : row)
      value = static_cast<float>(low + static_cast<int>(engine() % static_cast<unsigned>(high - low + 1)));
    for (std::size_t i = 0; i < row.size(); i += 16)
      row[i] = static_cast<float>(low), row[i + 1] = static_cast<float>(high);
    const std::vector<float> back = there_and_back(dtype, row);
    for (std::size_t i = 0; i < row.size(); ++i)
      ASSERT_NEAR(back[i], row[i], 0.002 * high) << name_of(dtype) << " element " << i;
  }
}

TEST(FormatsQuantizers, OddNumbersGiveFiniteBlocksOrNone) {
  constexpr float kLargest = std::numeric_limits<float>::max(),
                  kInfinity = std::numeric_limits<float>::infinity();
  for (const DType dtype : kSearched)
    for (const float odd : {1e-45f, -1e-40f, 1e-30f, 1e-8f, kLargest, -kLargest, kInfinity,
                            std::numeric_limits<float>::quiet_NaN()}) {
      const std::vector<float> all = there_and_back(dtype, std::vector<float>(256, odd));
      const float largest =
          std::fabs(*std::ranges::max_element(all, {}, [](float x) { return std::fabs(x); }));
      EXPECT_TRUE(!(std::fabs(odd) < 1e-7f) || largest <= 1e-7f) << name_of(dtype) << ' ' << odd;
      std::vector<float> one = normal_row(512, 0.02f);
      one[5] = odd;
      const std::vector<float> back = there_and_back(dtype, one);
      for (std::size_t i = 256; i < 512; ++i)
        ASSERT_TRUE(std::isfinite(back[i])) << name_of(dtype) << ' ' << odd;
    }
}

}  // namespace
}  // namespace loci
