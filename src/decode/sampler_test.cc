#include "decode/sampler.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>

#include "base/philox.h"
#include "decode/logprobs.h"

namespace loci {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TokenId sample_once(std::span<const float> logits, const SamplingParams& params, std::uint64_t position = 0,
                    const TokenHistory& history = {}, std::span<const TokenId> masked = {}) {
  SampleScratch scratch;
  return sample(logits, {params, history, masked, 0, position}, scratch);
}

std::map<TokenId, double> frequencies(std::span<const float> logits, const SamplingParams& params,
                                      int draws = 20000) {
  std::map<TokenId, double> result;
  for (int i = 0; i < draws; ++i)
    result[sample_once(logits, params, static_cast<std::uint64_t>(i))] += 1.0 / draws;
  return result;
}

TEST(Sampler, GreedyTakesTheBestAndTheLowerIdOnTies) {
  const std::vector<float> logits{1, 3, 2, 3};
  EXPECT_EQ(sample_once(logits, {.temperature = 0}), 1);
}

TEST(Sampler, DrawsFollowTheDistribution) {
  const std::vector<float> logits{std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  const auto f = frequencies(logits, {.seed = 7});
  EXPECT_NEAR(f.at(0), 0.5, 0.02);
  EXPECT_NEAR(f.at(1), 0.3, 0.02);
  EXPECT_NEAR(f.at(2), 0.2, 0.02);
}

TEST(Sampler, TemperatureSharpens) {
  const std::vector<float> logits{std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  const auto f = frequencies(logits, {.temperature = 0.5f, .seed = 7});
  EXPECT_NEAR(f.at(0), 0.25 / 0.38, 0.02);  // squares of the probabilities, renormalized
}

TEST(Sampler, TopKTopPAndMinPCutTheTail) {
  const std::vector<float> logits{std::log(0.1f), std::log(0.4f), std::log(0.2f), std::log(0.3f)};
  EXPECT_EQ(frequencies(logits, {.top_k = 2}).size(), 2u);
  EXPECT_EQ(frequencies(logits, {.top_k = 1}).count(1), 1u);
  EXPECT_EQ(frequencies(logits, {.top_p = 0.65f}).size(), 2u) << "0.4 + 0.3 reaches 0.65";
  EXPECT_EQ(frequencies(logits, {.top_p = 0.75f}).size(), 3u);
  EXPECT_EQ(frequencies(logits, {.top_p = 1e-6f}).size(), 1u);
  EXPECT_EQ(frequencies(logits, {.min_p = 0.6f}).size(), 2u) << "only 0.4 and 0.3 reach 0.24";
  EXPECT_EQ(frequencies(logits, {.top_k = 3, .top_p = 0.5f}).size(), 2u)
      << "top_p is taken of what top_k left";
}

TEST(Sampler, MinPLooksAtTheDistributionAfterTemperature) {
  const std::vector<float> logits{std::log(0.4f), std::log(0.2f)};
  EXPECT_EQ(frequencies(logits, {.temperature = 2.0f, .min_p = 0.6f}).size(), 2u) << "sqrt(1/2) = 0.71 stays";
  EXPECT_EQ(frequencies(logits, {.temperature = 0.5f, .min_p = 0.3f}).size(), 1u) << "(1/2)^2 = 0.25 goes";
}

TEST(Sampler, PenaltiesFollowTheirDefinitions) {
  TokenHistory history;
  history.add_prompt(std::vector<TokenId>{0});
  history.add_output(1);
  history.add_output(1);
  // Repetition counts prompt and output; presence and frequency the output alone.
  EXPECT_EQ(sample_once(std::vector<float>{2, 1.9f, 1.5f}, {.temperature = 0, .repetition_penalty = 1.5f}, 0,
                        history),
            2);
  EXPECT_EQ(sample_once(std::vector<float>{-1, -5, -1.2f}, {.temperature = 0, .repetition_penalty = 1.5f}, 0,
                        history),
            2);
  EXPECT_EQ(
      sample_once(std::vector<float>{1, 2, 0}, {.temperature = 0, .presence_penalty = 1.5f}, 0, history), 0);
  EXPECT_EQ(
      sample_once(std::vector<float>{0, 2, 1.7f}, {.temperature = 0, .frequency_penalty = 0.2f}, 0, history),
      2);
  EXPECT_EQ(
      sample_once(std::vector<float>{0, 2, 1.7f}, {.temperature = 0, .presence_penalty = 0.2f}, 0, history),
      1);
}

TEST(Sampler, BiasAndMask) {
  const std::vector<float> logits{1, 2, 3};
  EXPECT_EQ(sample_once(logits, {.temperature = 0, .logit_bias = {{0, 100.0f}}}), 0);
  EXPECT_EQ(sample_once(logits, {.temperature = 0, .logit_bias = {{2, -100.0f}}}), 1);
  const std::vector<TokenId> masked{2, 1};
  EXPECT_EQ(sample_once(logits, {.temperature = 0}, 0, {}, masked), 0);
}

TEST(Sampler, BrokenLogitsGiveNoToken) {
  EXPECT_EQ(sample_once(std::vector<float>{kNaN, kNaN}, {}), kNoToken);
  EXPECT_EQ(sample_once(std::vector<float>{kNaN, 1.0f}, {.temperature = 0}), 1);
  EXPECT_EQ(sample_once(std::vector<float>{std::numeric_limits<float>::infinity(), 1.0f}, {}), kNoToken);
}

TEST(Sampler, DrawDependsOnSeedStreamAndPositionAlone) {
  std::vector<float> logits(100);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(philox_uniform(3, 0, i));
  SampleScratch used;
  for (std::uint64_t position = 0; position < 50; ++position) {
    const SamplingParams params{.top_k = 20, .seed = 11};
    const SampleContext context{params, {}, {}, 0, position};
    EXPECT_EQ(sample(logits, context, used), sample_once(logits, params, position));
  }
}

TEST(SamplingParams, RangesAreChecked) {
  EXPECT_TRUE(validate({}, 10).has_value());
  for (const SamplingParams& bad :
       {SamplingParams{.temperature = -1}, SamplingParams{.temperature = kNaN}, SamplingParams{.top_p = 0},
        SamplingParams{.top_p = 1.1f}, SamplingParams{.top_k = -2}, SamplingParams{.min_p = -0.1f},
        SamplingParams{.repetition_penalty = 0}, SamplingParams{.presence_penalty = 2.1f},
        SamplingParams{.frequency_penalty = kNaN}, SamplingParams{.logit_bias = {{10, 1.0f}}},
        SamplingParams{.logit_bias = {{-1, 1.0f}}}, SamplingParams{.logit_bias = {{1, 101.0f}}}}) {
    const auto result = validate(bad, 10);
    ASSERT_FALSE(result.has_value());
    EXPECT_FALSE(result.error().field.empty());
  }
}

TEST(Logprobs, AreOfTheRawDistribution) {
  const std::vector<float> logits{std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  const TokenLogprobs result = raw_logprobs(logits, 1, 2);
  EXPECT_NEAR(result.chosen.logprob, std::log(0.3), 1e-6);
  EXPECT_EQ(result.chosen.rank, 2);
  ASSERT_EQ(result.top.size(), 2u);
  EXPECT_EQ(result.top[0].token, 0);
  EXPECT_NEAR(result.top[0].logprob, std::log(0.5), 1e-6);
  EXPECT_TRUE(raw_logprobs(logits, 1, 0).top.empty());
  EXPECT_EQ(raw_logprobs(logits, 1, 20).top.size(), 3u);
}

}  // namespace
}  // namespace loci
