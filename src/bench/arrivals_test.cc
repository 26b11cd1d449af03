#include "bench/arrivals.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "bench/statistics.h"

namespace loci::bench {
namespace {

std::vector<double> gaps(ArrivalOptions options, int count) {
  Arrivals arrivals(options);
  std::vector<double> result;
  double last = 0;
  for (int i = 0; i < count; ++i) {
    const double time = arrivals.next();
    result.push_back(time - last);
    last = time;
  }
  return result;
}

TEST(Arrivals, GapsHaveTheRateAndTheBurstinessThatWereAskedFor) {
  constexpr int kCount = 40000;
  for (const double rate : {0.5, 20.0})
    for (const double burstiness : {0.25, 1.0, 4.0}) {
      const Statistics found(gaps({rate, burstiness, 3}, kCount));
      // the mean of n gaps deviates by (1/rate) / sqrt(burstiness * n): 5 of those never happen
      EXPECT_NEAR(found.mean() * rate, 1, 5 / std::sqrt(burstiness * kCount)) << rate << " " << burstiness;
      EXPECT_NEAR(std::pow(found.deviation() * rate, 2) * burstiness, 1, 0.1) << rate << " " << burstiness;
    }
}

TEST(Arrivals, BurstinessOneIsPoisson) {
  const Statistics found(gaps({10, 1, 5}, 40000));
  for (const double p : {10.0, 50.0, 90.0, 99.0})  // quantiles of the exponential distribution
    EXPECT_NEAR(found.percentile(p) * 10, -std::log(1 - p / 100), 0.05 * -std::log(1 - p / 100) + 0.005);
}

TEST(Arrivals, LimitsOfTheShape) {
  for (const double gap : gaps({4, kAllAtOnce, 1}, 10)) EXPECT_DOUBLE_EQ(gap, 0.25) << "evenly spaced";
  for (const double gap : gaps({kAllAtOnce, 1, 1}, 10)) EXPECT_EQ(gap, 0) << "all at once";
}

TEST(Arrivals, TheSeedAloneDecides) {
  EXPECT_EQ(gaps({7, 0.5, 11}, 100), gaps({7, 0.5, 11}, 100));
  EXPECT_NE(gaps({7, 0.5, 11}, 100), gaps({7, 0.5, 12}, 100));
}

TEST(Draws, IntegersAreUniformAndWithinTheirLimits) {
  Draws draws(9);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[static_cast<std::size_t>(draws.between(3, 9) - 3)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
  EXPECT_EQ(draws.between(5, 5), 5);
}

TEST(Draws, LogNormalHasItsMedianAndItsBounds) {
  Draws draws(10);
  std::vector<double> values;
  for (int i = 0; i < 20000; ++i) values.push_back(draws.log_normal(std::log(100), 1.2, 4, 1024));
  const Statistics found(values);
  EXPECT_NEAR(found.median(), 100, 5);
  EXPECT_EQ(found.percentile(0), 4);
  EXPECT_EQ(found.percentile(100), 1024);
}

TEST(Draws, KeysOfOtherNumbersOrOrdersDiffer) {
  EXPECT_NE(mix({1, 2}), mix({2, 1}));
  EXPECT_NE(mix({0}), mix({0, 0}));
}

TEST(Statistics, AgreeWithNumpy) {
  // np.percentile([3, 1, 4, 1, 5, 9, 2, 6], p), np.mean, np.std
  const Statistics found({3, 1, 4, 1, 5, 9, 2, 6});
  EXPECT_DOUBLE_EQ(found.mean(), 3.875);
  EXPECT_NEAR(found.deviation(), 2.57087047515, 1e-9);
  EXPECT_DOUBLE_EQ(found.median(), 3.5);
  EXPECT_DOUBLE_EQ(found.percentile(25), 1.75);
  EXPECT_DOUBLE_EQ(found.percentile(90), 6.9);
  EXPECT_NEAR(found.percentile(99), 8.79, 1e-12);
  EXPECT_EQ(found.percentile(0), 1);
  EXPECT_EQ(found.percentile(100), 9);
}

TEST(Statistics, OfNothingAndOfOneValue) {
  const Statistics nothing({});
  EXPECT_EQ(nothing.count(), 0u);
  EXPECT_EQ(nothing.mean() + nothing.deviation() + nothing.percentile(99), 0);
  const Statistics one({7});
  EXPECT_EQ(one.percentile(1), 7);
  EXPECT_EQ(one.percentile(99.9), 7);
  EXPECT_EQ(one.deviation(), 0);
}

}  // namespace
}  // namespace loci::bench
