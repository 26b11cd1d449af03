#include "sim/tune/tune.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace loci::sim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

/// A machine whose steps take 4 ms and 50 us a row.
TuneQuestion question() {
  TuneQuestion question;
  question.workload.dataset = "random";
  question.workload.input_len = 400;
  question.workload.output_len = 30;
  question.clients = {.arrivals = {.rate = 26}, .requests = 120};
  question.slo = {.ttft = 1.0, .tpot = 0.012};
  question.limits = {.max_model_len = 2048, .step = {64, 512, 64}, .kv_blocks = 2048, .block_tokens = 16};
  question.curve.by_tokens = {{0, 0.004}, {100, 0.009}};
  question.settings = 24;
  return question;
}

TEST(Knobs, DefaultsAreAmongTheValues) {
  const Setting usual = default_setting();
  ASSERT_EQ(usual.size(), knobs().size());
  for (std::size_t i = 0; i < usual.size(); ++i)
    EXPECT_LT(static_cast<std::size_t>(usual[i]), knobs()[i].values.size()) << knobs()[i].flag;
  EXPECT_TRUE(flags_of(usual).empty());
}

TEST(Knobs, EveryValueCanBeSetAndRead) {
  for (std::size_t i = 0; i < knobs().size(); ++i)
    for (std::size_t value = 0; value < knobs()[i].values.size(); ++value) {
      Setting setting = default_setting();
      setting[i] = static_cast<int>(value);
      EXPECT_EQ(knobs()[i].get(configured({}, setting)), knobs()[i].values[value]) << knobs()[i].flag;
      EXPECT_LE(flags_of(setting).size(), 1u);
    }
}

TEST(Knobs, SpreadSettingsDifferAndCoverEveryValue) {
  const auto settings = spread_settings(64, 1);
  EXPECT_EQ(settings.size(), 64u);
  EXPECT_EQ(settings.front(), default_setting());
  EXPECT_EQ(std::set<Setting>(settings.begin(), settings.end()).size(), settings.size());
  for (std::size_t i = 0; i < knobs().size(); ++i)
    for (int value = 0; value < std::ssize(knobs()[i].values); ++value)
      EXPECT_TRUE(std::ranges::any_of(settings, [&](const Setting& s) { return s[i] == value; }))
          << knobs()[i].flag << " " << value;
  EXPECT_EQ(spread_settings(64, 1), settings);
  EXPECT_NE(spread_settings(64, 2), settings);
}

TEST(Tune, FindsWhatKeepsATightLimitThatTheDefaultMisses) {
  const auto found = tune(question());
  ASSERT_TRUE(found) << found.error().message;
  const auto usual = std::ranges::find(found->trials, default_setting(), &TuneTrial::setting);
  ASSERT_NE(usual, found->trials.end());
  EXPECT_LT(usual->attained, 0.9) << "steps of 50 ms are what the default aims at";
  EXPECT_GT(found->trials.front().attained, usual->attained + 0.1);
  EXPECT_TRUE(std::ranges::is_sorted(found->trials, is_better));
}

TEST(Tune, EqualQuestionsHaveEqualAnswers) {
  TuneQuestion asked = question();
  asked.settings = 8;
  asked.clients.requests = 60;
  const auto one = tune(asked), two = tune(asked);
  ASSERT_TRUE(one && two);
  ASSERT_EQ(one->trials.size(), two->trials.size());
  for (std::size_t i = 0; i < one->trials.size(); ++i) {
    EXPECT_EQ(one->trials[i].setting, two->trials[i].setting);
    EXPECT_EQ(one->trials[i].metrics, two->trials[i].metrics);
  }
}

TEST(Tune, RefusesWhatCannotBe) {
  TuneQuestion asked = question();
  asked.slo = {};
  EXPECT_THAT(tune(asked).error().message, HasSubstr("--goodput"));
  asked = question();
  asked.workload.dataset = "nonsense";
  EXPECT_THAT(tune(asked).error().message, HasSubstr("nonsense"));
}

}  // namespace
}  // namespace loci::sim
