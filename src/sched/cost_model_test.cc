#include "sched/cost_model.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace loci {
namespace {

using ::testing::Each;
using ::testing::Ge;

StepWork slices(int begin, int count, int sequences = 1) {
  StepWork work;
  for (int i = 0; i < sequences; ++i) work.add_slice(begin, count);
  return work;
}

/// A machine whose steps take what the four coefficients say, times 1 + noise.
struct Machine {
  CostModel::Coefficients truth;
  double noise = 0;
  std::mt19937 random{7};

  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random); }
  double exact(const StepWork& work) const {
    return truth[0] + truth[1] * work.tokens + truth[2] * work.kv_tokens + truth[3] * work.attention_pairs;
  }
  double measure(const StepWork& work) {
    return exact(work) * (1 + std::uniform_real_distribution(-noise, noise)(random));
  }
  /// Decodes of various lengths, in every other step a chunk beside them.
  StepWork mixed() {
    StepWork work = slices(pick(10, 4000), 1, pick(1, 32));
    if (pick(0, 1) == 0) work.add_slice(pick(0, 8000), pick(2, 512));
    return work;
  }
  void run(CostModel& cost, int steps) {
    for (int i = 0; i < steps; ++i) {
      const StepWork work = mixed();
      cost.observe(work, measure(work));
    }
  }
  double worst(const CostModel& cost, int trials = 200) {
    double worst = 0;
    for (int i = 0; i < trials; ++i) {
      const StepWork work = mixed();
      worst = std::max(worst, std::abs(cost.predict(work) / exact(work) - 1));
    }
    return worst;
  }
};

constexpr CostModel::Coefficients kSlow{17e-3, 1.1e-3, 2e-6, 4e-8};
constexpr CostModel::Coefficients kQuick{80e-6, 2e-6, 3e-9, 5e-10};

TEST(StepWork, CountsRowsKvAndPairs) {
  StepWork work;
  work.add_slice(10, 1);
  EXPECT_EQ(work.tokens, 1);
  EXPECT_EQ(work.kv_tokens, 11);
  EXPECT_EQ(work.attention_pairs, 0);
  work.add_slice(4, 3);  // rows that see 5, 6 and 7 positions
  EXPECT_EQ(work.tokens, 4);
  EXPECT_EQ(work.kv_tokens, 18);
  EXPECT_EQ(work.attention_pairs, 11);
}

TEST(CostModel, RecoversWhatItIsShown) {
  for (const auto& truth : {kSlow, kQuick}) {
    Machine machine{truth};
    CostModel cost;
    machine.run(cost, 300);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(cost.coefficients()[i] / truth[i], 1, 0.03) << i;
    EXPECT_LT(cost.relative_error(), 1e-3);
    EXPECT_EQ(cost.observations(), 300u);
  }
}

TEST(CostModel, NoiseIsAveraged) {
  Machine machine{kSlow, 0.1};
  CostModel cost;
  machine.run(cost, 500);
  EXPECT_LT(machine.worst(cost), 0.06);
  EXPECT_NEAR(cost.relative_error(), 0.05, 0.02) << "the mean of |noise| is half of its bound";
}

TEST(CostModel, PredictsBeforeItHasSeenAnything) {
  const CostModel cost;
  EXPECT_GT(cost.predict(slices(100, 1)), 1e-3);
  EXPECT_LT(cost.predict(slices(100, 1)), 1);
  EXPECT_GT(cost.predict(slices(0, 512)), cost.predict(slices(100, 1)));
  EXPECT_EQ(cost.relative_error(), 0);
  EXPECT_EQ(cost.observations(), 0u);
}

TEST(CostModel, OneStepGivesTheScale) {
  CostModel cost;
  cost.observe(slices(100, 1, 4), 50e-6);
  EXPECT_NEAR(cost.predict(slices(100, 1, 4)), 50e-6, 1e-9);
  EXPECT_LT(cost.predict(slices(0, 512)), 50e-4);
}

TEST(CostModel, FollowsAMachineThatBecomesSlowerOrQuicker) {
  for (const double factor : {3.0, 1 / 3.0}) {
    Machine machine{kSlow, 0.05};
    CostModel cost;
    machine.run(cost, 500);
    for (double& c : machine.truth) c *= factor;
    machine.run(cost, 400);
    EXPECT_LT(machine.worst(cost), 0.15) << factor;
  }
}

TEST(CostModel, AStalledStepCountsLittle) {
  Machine machine{kSlow};
  CostModel cost;
  machine.run(cost, 300);
  for (int stall = 0; stall < 10; ++stall) {
    cost.observe(machine.mixed(), 5.0);
    machine.run(cost, 20);
  }
  EXPECT_LT(machine.worst(cost), 0.15);
}

TEST(CostModel, WhatIsKnownOfPromptsOutlivesDecodes) {
  Machine machine{kSlow, 0.05};
  CostModel cost;
  machine.run(cost, 300);
  for (int i = 0; i < 5000; ++i) {
    const StepWork decodes = slices(500 + i % 100, 1, 16);
    cost.observe(decodes, machine.measure(decodes));
  }
  const StepWork prompt = slices(0, 512);
  EXPECT_NEAR(cost.predict(prompt) / machine.exact(prompt), 1, 0.15);
}

TEST(CostModel, CoefficientsAreNeverNegativeAndAlwaysNumbers) {
  std::mt19937 random(3);
  const auto any = [&](double low, double high) {
    return std::exp(std::uniform_real_distribution(std::log(low), std::log(high))(random));
  };
  CostModel cost;
  for (int i = 0; i < 20000; ++i) {
    StepWork work;
    work.tokens = any(1, 1e5);
    work.kv_tokens = any(1, 1e9);
    work.attention_pairs = random() % 2 == 0 ? 0 : any(1, 1e12);
    if (i % 1000 < 500) work = slices(100, 1);  // many that tell nothing new
    cost.observe(work, any(1e-9, 1e3));
    ASSERT_THAT(cost.coefficients(), Each(Ge(0.0)));
    ASSERT_TRUE(std::isfinite(cost.predict(slices(1 << 20, 1 << 20))));
    ASSERT_GT(cost.predict(slices(0, 1)), 0);
    ASSERT_TRUE(std::isfinite(cost.relative_error()));
  }
}

TEST(CostModel, WhatCannotBeIsIgnored) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  CostModel cost;
  cost.observe(slices(0, 4), 1e-3);
  const auto before = cost.coefficients();
  for (const double seconds : {0.0, -1.0, kInfinity, std::nan("")}) cost.observe(slices(0, 4), seconds);
  cost.observe({}, 1e-3);
  cost.observe({kInfinity, 1, 1}, 1e-3);
  cost.observe({1, std::nan(""), 1}, 1e-3);
  EXPECT_EQ(cost.coefficients(), before);
  EXPECT_EQ(cost.observations(), 1u);
}

TEST(CostModel, TheSameStepsGiveTheSameModel) {
  CostModel a, b;
  Machine first{kSlow, 0.1}, second{kSlow, 0.1};
  first.run(a, 100);
  second.run(b, 100);
  EXPECT_EQ(a.coefficients(), b.coefficients());
}

TEST(CostModel, TokensWithinIsTheLargestChunkThatFits) {
  Machine machine{kSlow};
  CostModel cost;
  machine.run(cost, 300);
  for (int trial = 0; trial < 300; ++trial) {
    const StepWork work = machine.mixed();
    const int begin = machine.pick(0, 10000), most = machine.pick(0, 2000);
    const double seconds = cost.predict(work) + machine.pick(-10, 500) * 1e-3;
    const int count = cost.tokens_within(seconds, work, begin, most);
    const auto takes = [&](int rows) {
      StepWork with = work;
      with.add_slice(begin, rows);
      return cost.predict(with);
    };
    ASSERT_TRUE(count >= 0 && count <= most);
    ASSERT_TRUE(count == 0 || takes(count) <= seconds);
    ASSERT_TRUE(count == most || takes(count + 1) > seconds);
  }
  EXPECT_EQ(cost.tokens_within(std::numeric_limits<double>::infinity(), {}, 0, 77), 77);
  EXPECT_EQ(cost.tokens_within(-1, {}, 0, 77), 0);
}

}  // namespace
}  // namespace loci
