#include "kernels/math.h"

#include <gtest/gtest.h>
#include <limits>

namespace loci::kernels {
namespace {

/// Distance from the exact value in units in the last place of the float nearest to it.
double error_in_ulps(float x) {
  const double exact = std::exp(double{x});
  const auto nearest = static_cast<float>(exact);
  const double unit = double{std::nextafter(nearest, HUGE_VALF)} - double{nearest};
  return std::fabs(double{exp_approx(x)} - exact) / unit;
}

TEST(ExpApprox, IsWithinOneUlpWhereTheResultIsNormal) {
  double worst = 0;
  for (double x = ExpConstants::kLowest; x < 88.7; x += 0.00037)
    worst = std::max(worst, error_in_ulps(static_cast<float>(x)));
  for (double x = -1; x < 1; x += 0.000011) worst = std::max(worst, error_in_ulps(static_cast<float>(x)));
  EXPECT_LT(worst, 1.0);
}

TEST(ExpApprox, Edges) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(exp_approx(0.0f), 1.0f);
  EXPECT_EQ(exp_approx(-0.0f), 1.0f);
  EXPECT_EQ(exp_approx(-kInfinity), 0.0f);
  EXPECT_EQ(exp_approx(-1e30f), 0.0f);
  EXPECT_EQ(exp_approx(-88.0f), 0.0f);
  EXPECT_GE(exp_approx(ExpConstants::kLowest), std::numeric_limits<float>::min());
  EXPECT_EQ(exp_approx(std::nextafter(ExpConstants::kLowest, -100.0f)), 0.0f);
  EXPECT_LE(exp_approx(ExpConstants::kHighest), std::numeric_limits<float>::max());
  EXPECT_EQ(exp_approx(std::nextafter(ExpConstants::kHighest, 100.0f)), kInfinity);
  EXPECT_EQ(exp_approx(1e30f), kInfinity);
  EXPECT_EQ(exp_approx(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(exp_approx(std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace
}  // namespace loci::kernels
