#include "sim/step_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/random.h"
#include "sim/hardware.h"

namespace loci::sim {
namespace {

TEST(StepCurve, IsStraightBetweenKnotsAndGoesOnBehindTheLast) {
  const StepCurve curve{.by_tokens = {{1, 2}, {4, 5}, {8, 13}}, .per_kv_token = 0.5, .per_pair = 0.25};
  EXPECT_DOUBLE_EQ(curve.seconds({.tokens = 1}), 2);
  EXPECT_DOUBLE_EQ(curve.seconds({.tokens = 2}), 3);
  EXPECT_DOUBLE_EQ(curve.seconds({.tokens = 6}), 9);
  EXPECT_DOUBLE_EQ(curve.seconds({.tokens = 10}), 17);
  EXPECT_DOUBLE_EQ(curve.seconds({.tokens = 4, .kv_tokens = 2, .attention_pairs = 4}), 7);
  EXPECT_DOUBLE_EQ(line({1, 2, 3, 4}).seconds({.tokens = 5, .kv_tokens = 6, .attention_pairs = 7}), 57);
}

TEST(StepCurve, TheFitFindsACurveInNoise) {
  const StepCurve truth{.by_tokens = {{1, 10e-3}, {16, 12e-3}, {64, 40e-3}, {512, 300e-3}},
                        .per_kv_token = 2e-6,
                        .per_pair = 3e-8};
  bench::Draws draws(5);
  std::vector<MeasuredStep> steps;
  for (int i = 0; i < 2000; ++i) {
    StepWork work;
    const int singles = draws.between(1, 40);
    for (int s = 0; s < singles; ++s) work.add_slice(draws.between(0, 3000), 1);
    if (draws.uniform() < 0.5) work.add_slice(draws.between(0, 2000), draws.between(20, 450));
    const double stall = draws.uniform() < 0.01 ? 8 : 1;
    steps.push_back({work, truth.seconds(work) * std::exp(0.02 * draws.normal()) * stall});
  }
  const auto fitted = fit_curve(steps);
  ASSERT_TRUE(fitted) << fitted.error().message;
  for (const MeasuredStep& step : steps)
    EXPECT_NEAR(fitted->seconds(step.work) / (1.07 * truth.seconds(step.work)), 1, 0.06) << step.work.tokens;
  // A stall of eight times in a hundred steps makes all of them longer by 7 % on average.
  const StepNoise& noise = fitted->noise;
  EXPECT_NEAR(noise.factors.front() / noise.factors[noise.factors.size() / 2], 0.95, 0.03);
  EXPECT_GT(noise.factors.back(), 4);
  EXPECT_LT(noise.persistence, 0.1);
}

TEST(StepCurve, JsonBringsItBack) {
  const StepCurve curve{.by_tokens = {{1, 2e-3}, {4, 5e-3}},
                        .per_kv_token = 0.5,
                        .noise = {{0.9, 1.1}, 0.5},
                        .provenance = "given"};
  const auto back = curve_from_json(to_json(curve));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->by_tokens.size(), 2u);
  EXPECT_EQ(back->per_kv_token, 0.5);
  EXPECT_EQ(back->noise.factors, curve.noise.factors);
  EXPECT_EQ(back->noise.persistence, 0.5);
  EXPECT_NEAR(curve_from_json(R"({"by_tokens":[[1,2]],"noise":0.1})")->noise.deviation(), 0.1, 0.002);
  for (const char* bad :
       {"", "[]", "{}", R"({"by_tokens":[]})", R"({"by_tokens":[[1]]})", R"({"by_tokens":[[2,1],[1,2]]})",
        R"({"by_tokens":[[1,2],[2,1]]})", R"({"by_tokens":[[1,-2]]})", R"({"by_tokens":[[1,"x"]]})",
        R"({"by_tokens":[[1,2]],"noise":-1})", R"({"by_tokens":[[1,2]],"noise":[0]})",
        R"({"by_tokens":[[1,2]],"noise":[1],"persistence":1})", R"({"by_tokens":[[1,2]],"per_pair":"a"})"})
    EXPECT_FALSE(curve_from_json(bad)) << bad;
}

TEST(Hardware, ProfilesRiseAndNameThemselves) {
  for (const Hardware& hardware : hardware_table())
    for (const ModelShape& model : model_shapes()) {
      const StepCurve curve = profile({&hardware, &model, 8});
      for (std::size_t i = 1; i < curve.by_tokens.size(); ++i)
        EXPECT_GE(curve.by_tokens[i].seconds, curve.by_tokens[i - 1].seconds) << hardware.name << model.name;
      EXPECT_THAT(curve.provenance, ::testing::HasSubstr(std::string(hardware.name)));
    }
}

TEST(Hardware, OneStreamOfAnEightBillionModelOnAnH100IsBoundByItsWeights) {
  const auto find = [](auto table, std::string_view name) {
    return &*std::ranges::find(table, name, [](const auto& e) { return e.name; });
  };
  const StepCurve curve = profile({find(hardware_table(), "h100"), find(model_shapes(), "llama-8b")});
  EXPECT_NEAR(curve.seconds({.tokens = 1}), 16.06e9 / (3350e9 * 0.8) + 1.5e-3, 1e-4);
  EXPECT_FALSE(kv_capacity({find(hardware_table(), "l40s"), find(model_shapes(), "llama-70b")}));
}

}  // namespace
}  // namespace loci::sim
