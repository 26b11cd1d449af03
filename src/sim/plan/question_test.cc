#include "sim/plan/question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/named_table.h"

namespace loci::sim {
namespace {

using ::testing::HasSubstr;

TEST(Rate, IsReadWithItsUnit) {
  EXPECT_DOUBLE_EQ(*parse_rate("20/s"), 20);
  EXPECT_DOUBLE_EQ(*parse_rate("0.5"), 0.5);
  EXPECT_DOUBLE_EQ(*parse_rate("90/min"), 1.5);
  EXPECT_DOUBLE_EQ(*parse_rate("7200/h"), 2);
}

TEST(Rate, ThatIsNoneIsRefused) {
  for (const char* text :
       {"", "fast", "20/", "20/day", "-1/s", "0", "inf", "nan", "1e999", "20 /s", "20/s "}) {
    const auto rate = parse_rate(text);
    ASSERT_FALSE(rate) << text;
    EXPECT_THAT(rate.error().message, HasSubstr(fmt::format("'{}'", text)));
  }
}

TEST(Limits, AreReadWithTheirUnits) {
  const auto slo = parse_limits("ttft:1s,tpot:50ms,e2el:2min");
  ASSERT_TRUE(slo);
  EXPECT_DOUBLE_EQ(*slo->ttft, 1);
  EXPECT_DOUBLE_EQ(*slo->tpot, 0.05);
  EXPECT_DOUBLE_EQ(*slo->e2el, 120);
  EXPECT_FALSE(parse_limits("tpot:50ms")->ttft);
}

TEST(Limits, ThatAreNoneAreRefused) {
  for (const char* text : {"", "ttft", "ttft:", "ttft:1", "ttft:0s", "ttft:-1s", "ttft:1s,", "itl:1s",
                           "ttft:1s,ttft:2s", "ttft:xs", "ttft:1 s"})
    EXPECT_FALSE(parse_limits(text)) << text;
  EXPECT_THAT(parse_limits("ttft:1s,itl:9ms").error().message, HasSubstr("'itl:9ms'"));
}

Question question() {
  Question question;
  question.model = *find_named("model", model_shapes(), "llama-8b");
  question.hardware = {*find_named("hardware", hardware_table(), "h100")};
  question.workload.input_len = 100;
  question.workload.output_len = 10;
  question.rate = 5;
  question.slo = {.ttft = 0.5, .tpot = 0.05};
  return question;
}

TEST(Measure, SaysWhatTheSessionsAre) {
  const auto load = measure(question(), 500);
  ASSERT_TRUE(load);
  EXPECT_EQ(load->requests, 500);
  EXPECT_DOUBLE_EQ(load->mean_input, 100);
  EXPECT_DOUBLE_EQ(load->mean_output, 10);
  EXPECT_EQ(load->most_tokens, 110);
  EXPECT_NEAR(load->seconds, 100, 20);
}

TEST(Measure, RefusesWhatCannotBe) {
  Question other = question();
  other.workload.dataset = "nothing";
  EXPECT_THAT(measure(other, 10).error().message, HasSubstr("'nothing'"));
  other = question();
  other.rate = 0;
  EXPECT_THAT(measure(other, 10).error().message, HasSubstr("--rate"));
  other = question();
  other.workload.dataset = "trace";
  other.workload.trace = "no-such-file";
  EXPECT_FALSE(measure(other, 10));
}

TEST(ScenarioOf, GivesRolesTheirChunksAndFollowsTheLimit) {
  const Question asked = question();
  const Layout layout{.division = Division::kHybrid,
                      .hardware = asked.hardware.front(),
                      .prefill_share = 0.5,
                      .prefill_chunk = 2048,
                      .decode_chunk = 512,
                      .router = "length-aware"};
  const auto scenario = scenario_of(asked, *measure(asked, 100), {layout, 4});
  ASSERT_TRUE(scenario) << scenario.error().message;
  const auto& members = scenario->fleet.members;
  ASSERT_EQ(members.size(), 4U);
  EXPECT_EQ(members.front().role, cluster::ReplicaRole::kPrefill);
  EXPECT_EQ(members.front().replica.limits.step.max_tokens, 2048);
  EXPECT_EQ(members.back().role, cluster::ReplicaRole::kDecode);
  EXPECT_EQ(members.back().replica.limits.step.max_tokens, 512);
  EXPECT_EQ(members.front().replica.goals.inter_token, std::chrono::milliseconds(50));
}

}  // namespace
}  // namespace loci::sim
