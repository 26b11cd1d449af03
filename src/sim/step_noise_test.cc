#include "sim/step_noise.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace loci::sim {
namespace {

std::vector<double> draw(const StepNoise& noise, int count, std::uint64_t seed) {
  bench::Draws draws(seed);
  StepNoiseDraws process;
  std::vector<double> factors;
  for (int i = 0; i < count; ++i) factors.push_back(process.next(noise, draws));
  return factors;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(StepNoise, WhatIsDrawnIsDistributedAndFollowsEachOtherAsWhatWasMeasured) {
  // A machine that is slow for twenty steps now and then.
  bench::Draws draws(3);
  std::vector<double> ratios;
  for (int burst = 0; burst < 300; ++burst) {
    const double height = draws.uniform() < 0.2 ? 1.8 : 1;
    for (int i = 0; i < 20; ++i) ratios.push_back(height * std::exp(0.05 * draws.normal()));
  }
  const StepNoise noise = StepNoise::of_ratios(ratios);
  const std::vector<double> drawn = draw(noise, 100'000, 4);
  EXPECT_NEAR(mean(drawn), 1, 0.03);
  EXPECT_NEAR(static_cast<double>(std::ranges::count_if(drawn, [](double x) { return x > 1.3; })), 20'000,
              3000);
  const StepNoise again = StepNoise::of_ratios(drawn);
  EXPECT_GT(noise.persistence, 0.3);
  EXPECT_NEAR(again.persistence, noise.persistence, 0.05);
  EXPECT_NEAR(again.deviation(), noise.deviation(), 0.02);
}

TEST(StepNoise, ADeviationIsLogNormalOfMeanOne) {
  const StepNoise noise = StepNoise::of_deviation(0.3);
  EXPECT_NEAR(noise.deviation(), 0.3, 0.01);
  const std::vector<double> drawn = draw(noise, 100'000, 5);
  EXPECT_NEAR(mean(drawn), 1, 0.01);
  EXPECT_NEAR(StepNoise::of_ratios(drawn).persistence, 0, 0.02);
  EXPECT_EQ(draw({}, 3, 1), (std::vector<double>{1, 1, 1}));
}

TEST(StepNoise, OneMeasurementIsAFactorOfOne) {
  const StepNoise noise = StepNoise::of_ratios(std::vector{1.7});
  EXPECT_EQ(noise.factors, (std::vector<double>{1}));
  EXPECT_EQ(noise.persistence, 0);
}

}  // namespace
}  // namespace loci::sim
