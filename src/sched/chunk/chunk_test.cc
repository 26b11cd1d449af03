#include "sched/chunk/chunk.h"

#include <cmath>
#include <gtest/gtest.h>

#include "sched/scheduler.h"
#include "testing/scheduler_views.h"

namespace loci {
namespace {

using std::chrono::milliseconds;
using testing::at_ms;
using testing::Scene;
using testing::sequence;

StepWork decodes(int count, int length = 100) {
  StepWork work;
  for (int i = 0; i < count; ++i) work.add_slice(length - 1, 1);
  return work;
}

/// Rows of the chunks that a step has, beside 8 decodes, for a waiting prompt of 5000 tokens.
/// `others`: further waiting prompts behind it.
int chunk_rows(ChunkFunction policy, Scene scene, int singles = 8, int others = 0) {
  for (int i = 0; i < singles; ++i) scene.running.push_back(sequence(i, 101, 100));
  scene.waiting = {sequence(99, 5000, 0)};
  for (int i = 0; i < others; ++i) scene.waiting.push_back(sequence(100 + i, 5000, 0));
  scene.limits = {64, 2000, 64};
  scene.free_blocks = 10000;
  StepPlan plan;
  Planner().plan(scene.view(), {order_fcfs, policy, preempt_latest, admit_max_utilization}, at_ms(0), plan);
  return plan.slices.back().sequence == SequenceId(99) ? plan.slices.back().count : 0;
}

Scene machine(double a, double b) {
  Scene scene;
  scene.cost = testing::fitted(a, b);
  return scene;
}

TEST(ChunkFixed, IsTheLimitOfRowsWhateverItTakes) {
  EXPECT_EQ(chunk_rows(chunk_fixed, machine(1.0, 1.0)), 1992);
}

TEST(ChunkSlo, FillsTheTimeThatTheGoalLeaves) {
  Scene scene = machine(10e-3, 100e-6);
  scene.goals.inter_token = milliseconds(50);
  // 10 ms + 0.1 ms * (8 + rows) <= 50 ms, the cost model being exact but for its prior.
  EXPECT_NEAR(chunk_rows(chunk_slo, scene), 392, 6);
  scene.goals.inter_token = milliseconds(20);
  EXPECT_NEAR(chunk_rows(chunk_slo, scene), 92, 4);
}

TEST(ChunkSlo, IsHalfAStepOfDecodesWhereTheseAloneFillTheGoal) {
  Scene scene = machine(80e-3, 100e-6);
  scene.goals.inter_token = milliseconds(50);
  EXPECT_NEAR(chunk_rows(chunk_slo, scene), 404, 8) << "(80 ms + 0.8 ms) / 2 at 0.1 ms";
}

TEST(ChunkSlo, TakesShortPromptsWhole) {
  Scene scene = machine(80e-3, 1e-3);
  for (int i = 0; i < 8; ++i) scene.running.push_back(sequence(i, 101, 100));
  scene.waiting = {sequence(98, 900, 0), sequence(99, 1001, 0)};
  scene.limits = {64, 2000, 64};
  scene.free_blocks = 10000;
  StepPlan plan;
  Planner().plan(scene.view(), {order_fcfs, chunk_slo, preempt_latest, admit_max_utilization}, at_ms(0),
                 plan);
  EXPECT_EQ(plan.slices[8].count, 900) << "although the step takes a second";
  for (std::size_t i = 9; i < plan.slices.size(); ++i) EXPECT_LE(plan.slices[i].count, kMinimumChunk);
}

TEST(ChunkSlo, GrowsWithThoseThatWaitForTheirFirstToken) {
  Scene scene = machine(10e-3, 100e-6);
  scene.goals.inter_token = milliseconds(50);
  EXPECT_EQ(chunk_rows(chunk_slo, scene, 8, 7), chunk_rows(chunk_slo, scene, 8, 0)) << "as many as decode";
  EXPECT_NEAR(chunk_rows(chunk_slo, scene, 8, 23), 1392, 20) << "three times as many: 150 ms";
}

TEST(ChunkSlo, IsEverythingWhenNobodyDecodes) {
  Scene scene = machine(80e-3, 1.0);
  EXPECT_EQ(chunk_rows(chunk_slo, scene, 0), 2000);
}

TEST(ChunkSlo, IsCautiousWherePredictionsAreWrong) {
  Scene scene = machine(10e-3, 100e-6);
  const int sure = chunk_rows(chunk_slo, scene);
  for (int i = 0; i < 64; ++i) scene.cost.observe(decodes(8), i % 2 == 0 ? 7e-3 : 14e-3);
  ASSERT_GT(scene.cost.relative_error(), 0.2);
  EXPECT_LT(chunk_rows(chunk_slo, scene), 0.9 * sure);
}

TEST(ChunkSlo, PromptsAdvanceHoweverSlowTheMachine) {
  EXPECT_EQ(chunk_rows(chunk_slo, machine(1e-3, 1.0)), kMinimumChunk);
}

TEST(ChunkSplitFuse, StepsHaveOneSize) {
  Scene scene = machine(10e-3, 100e-6);
  scene.goals.step_tokens = 256;
  for (const int singles : {0, 1, 8, 40})
    EXPECT_EQ(chunk_rows(chunk_splitfuse, scene, singles), 256 - singles);
  scene.goals.step_tokens = 30;
  EXPECT_EQ(chunk_rows(chunk_splitfuse, scene, 40), kMinimumChunk) << "decodes alone exceed the size";
}

TEST(ChunkSplitFuse, SizeIsWhereTheMachineIsNearlySaturated) {
  EXPECT_NEAR(chunk_rows(chunk_splitfuse, machine(10e-3, 100e-6), 0), 900, 20);
  EXPECT_EQ(chunk_rows(chunk_splitfuse, machine(10e-3, 1e-9), 0), 2000) << "never: as many as may be";
}

// Every policy: at least something, whatever the model says; the same again.
TEST(Chunk, Conform) {
  for (const ChunkPolicy& policy : chunk_policies())
    for (const double b : {1e-9, 1e-3, 10.0})
      for (const int singles : {0, 1, 60}) {
        const Scene scene = machine(5e-3, b);
        const ChunkBudget budget = policy.budget(scene.view(), decodes(singles), at_ms(0));
        EXPECT_GE(budget.rows, std::min(kMinimumChunk, scene.limits.max_tokens)) << policy.name;
        EXPECT_GT(budget.seconds, 0) << policy.name;
        EXPECT_FALSE(std::isnan(budget.seconds)) << policy.name;
        const ChunkBudget again = policy.budget(scene.view(), decodes(singles), at_ms(0));
        EXPECT_TRUE(again.rows == budget.rows && again.seconds == budget.seconds) << policy.name;
      }
}

}  // namespace
}  // namespace loci
