#include "sim/plan/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/named_table.h"
#include "sim/plan/plan_report.h"

namespace loci::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Small enough to be searched in a fraction of a second.
Question question(double rate = 20) {
  Question question;
  question.model = *find_named("model", model_shapes(), "llama-8b");
  question.hardware = {*find_named("hardware", hardware_table(), "l40s")};
  question.workload.input_len = 1000;
  question.workload.output_len = 8;
  question.rate = rate;
  question.slo = {.ttft = 0.5, .tpot = 0.1};
  question.attain = 0.95;
  question.max_machines = 5;
  question.requests = 300;
  return question;
}

Plan plan_of(const Question& question) {
  auto plan = search(question);
  if (!plan) ADD_FAILURE() << plan.error().message;
  return plan.value_or(Plan{});
}

TEST(Trials, FewestIsTheFewestThatMeets) {
  const Question asked = question();
  const Layout layout = layouts(*asked.model, *asked.hardware.front(), 1008, 5, false).front();
  for (const int start : {1, 3, 5}) {
    Trials trials(asked, {});
    const auto found = trials.fewest(layout, start, 1, 5, 300);
    ASSERT_TRUE(found && *found);
    const int replicas = (*found)->arrangement.replicas;
    EXPECT_TRUE((*found)->meets);
    ASSERT_GT(replicas, 1);
    EXPECT_FALSE(trials.run({layout, replicas - 1}, 300)->meets);
  }
}

TEST(Trials, FewestHasNoValueWhereTheMostAreTooFew) {
  const Question asked = question(1000);
  const Layout layout = layouts(*asked.model, *asked.hardware.front(), 1008, 5, false).front();
  Trials trials(asked, {});
  const auto found = trials.fewest(layout, 1, 1, 4, 300);
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(Search, FindsTheCheapestOfThoseTried) {
  const Plan plan = plan_of(question());
  ASSERT_TRUE(plan.winner);
  EXPECT_GE(plan.winner->attained, 0.95);
  for (const Trial& trial : plan.trials)
    if (trial.meets && trial.requests == 300) {
      EXPECT_GE(trial.arrangement.price_per_hour(), plan.winner->arrangement.price_per_hour());
    }
  EXPECT_EQ(plan.results.size(), 300U);
  EXPECT_EQ(plan.sensitivity.size(), 3U);
  for (const Sensitivity& one : plan.sensitivity)
    EXPECT_LE(one.unchanged.attained, plan.winner->attained + 0.02) << one.change;
}

TEST(Search, MoreLoadCostsMore) {
  const Plan little = plan_of(question(8)), much = plan_of(question(24));
  ASSERT_TRUE(little.winner && much.winner);
  EXPECT_GT(much.winner->arrangement.price_per_hour(), little.winner->arrangement.price_per_hour());
}

TEST(Search, EqualQuestionsHaveEqualAnswers) {
  EXPECT_EQ(plan_json(plan_of(question())), plan_json(plan_of(question())));
}

TEST(Search, SaysHowCloseTheBestCameWhereNothingMeetsTheLimits) {
  Question asked = question();
  asked.slo.ttft = 1e-3;
  const Plan plan = plan_of(asked);
  EXPECT_FALSE(plan.winner);
  ASSERT_TRUE(plan.closest);
  EXPECT_LT(plan.closest->attained, 0.95);
  EXPECT_THAT(plan_text(plan), HasSubstr("The closest"));
}

TEST(Search, RefusesWhatCannotBe) {
  Question asked = question();
  asked.model = *find_named("model", model_shapes(), "llama-70b");
  asked.max_machines = 2;
  EXPECT_THAT(search(asked).error().message, HasSubstr("does not fit on 2 of l40s"));
  asked = question();
  asked.slo = {};
  EXPECT_THAT(search(asked).error().message, HasSubstr("--slo"));
  asked = question();
  asked.attain = 1.5;
  EXPECT_THAT(search(asked).error().message, HasSubstr("--attain"));
  asked = question();
  asked.max_machines = 0;
  EXPECT_THAT(search(asked).error().message, HasSubstr("--max-gpus"));
}

TEST(PlanReport, SaysWhereTheTimesComeFromInEveryForm) {
  const Plan plan = plan_of(question());
  ASSERT_TRUE(plan.winner);
  const std::string_view provenance = plan.winner->provenance;
  EXPECT_THAT(provenance, HasSubstr("profile"));
  EXPECT_THAT(plan_text(plan), HasSubstr(std::string(provenance)));
  const auto json = parse_json(plan_json(plan));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->at("winner").at("provenance").as_string(), provenance);
  const std::string page = plan_html(plan);
  EXPECT_THAT(page, HasSubstr(std::string(provenance)));
  EXPECT_THAT(page, HasSubstr("Time to first token"));
  EXPECT_THAT(page, Not(HasSubstr("src=")));  // nothing from elsewhere
  EXPECT_THAT(page, Not(HasSubstr("href=")));
}

}  // namespace
}  // namespace loci::sim
