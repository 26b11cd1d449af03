#include "lab/comparison.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/philox.h"

namespace loci::lab {
namespace {

TEST(Comparison, IntervalsOfKnownRanks) {
  const Interval six = median_interval({3, 1, 2, 6, 5, 4});
  EXPECT_EQ(six.low, 1);
  EXPECT_EQ(six.high, 6);
  EXPECT_EQ(six.median, 3.5);
  EXPECT_DOUBLE_EQ(six.coverage, 1 - 2.0 / 64);
  const Interval nine = median_interval({1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(nine.low, 2) << "1 - 2 * (1 + 9) / 512 = 96.1 %";
  EXPECT_EQ(nine.high, 8);
  EXPECT_DOUBLE_EQ(nine.coverage, 1 - 20.0 / 512);
  const Interval one = median_interval({7});
  EXPECT_EQ(one.low, 7);
  EXPECT_EQ(one.coverage, 0) << "one pair says nothing";
}

/// The interval of twelve draws from a skewed distribution holds its median as often as it says.
TEST(Comparison, CoverageIsWhatItSays) {
  constexpr int kTrials = 4000, kCount = 12;
  const double median = 0.5 * 0.5 * 0.5;  // of u^3
  int inside = 0;
  double coverage = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values;
    for (int i = 0; i < kCount; ++i) {
      const double u = philox_uniform(5, static_cast<std::uint64_t>(trial), static_cast<std::uint64_t>(i));
      values.push_back(u * u * u);
    }
    const Interval interval = median_interval(values);
    coverage = interval.coverage;
    inside += interval.low <= median && median <= interval.high ? 1 : 0;
  }
  EXPECT_GE(coverage, 0.95);
  EXPECT_NEAR(static_cast<double>(inside) / kTrials, coverage, 0.015);
}

TEST(Comparison, AClaimHoldsOnlyWithItsWholeInterval) {
  const Metric lower{.direction = Direction::kLower, .ratio = 0.8};
  EXPECT_TRUE(holds(lower, {.median = 0.5, .low = 0.4, .high = 0.8}));
  EXPECT_FALSE(holds(lower, {.median = 0.5, .low = 0.4, .high = 0.81}));
  const Metric higher{.direction = Direction::kHigher, .ratio = 1};
  EXPECT_TRUE(holds(higher, {.median = 1.2, .low = 1.01, .high = 1.3}));
  EXPECT_FALSE(holds(higher, {.median = 1.2, .low = 1, .high = 1.3})) << "no difference is no gain";
}

TEST(Comparison, SameIsWithinAFactor) {
  const Metric same{.direction = Direction::kSame, .ratio = 1.25};
  EXPECT_TRUE(holds(same, {.median = 1, .low = 0.8, .high = 1.25}));
  EXPECT_FALSE(holds(same, {.median = 1, .low = 0.79, .high = 1.1}));
  EXPECT_FALSE(holds(same, {.median = 1, .low = 0.9, .high = 1.3}));
  EXPECT_EQ(requirement(same), "0.8 to 1.25");
}

TEST(Comparison, EqualPairsAreOne) {
  const Comparison comparison{.baseline = {0, 4}, .treatment = {0, 2}};
  EXPECT_EQ(comparison.ratios(), (std::vector<double>{1, 0.5}));
}

}  // namespace
}  // namespace loci::lab
