#include "sched/preempt/preempt.h"

#include <gtest/gtest.h>
#include <random>

#include "testing/scheduler_views.h"

namespace loci {
namespace {

using testing::at_ms;
using testing::Scene;
using testing::sequence;

/// The id of the victim among `scene.running`.
int victim(PreemptFunction policy, const Scene& scene, int needed = 1, Time now = at_ms(1000)) {
  std::vector<const SequenceView*> candidates;
  for (const SequenceView& s : scene.running) candidates.push_back(&s);
  const int index = policy(scene.view(), candidates, needed, now);
  return static_cast<int>(raw(candidates.at(static_cast<std::size_t>(index))->id));
}

TEST(PreemptLatest, IsTheLastToArrive) {
  EXPECT_EQ(victim(preempt_latest, {.running = {sequence(1, 9, 8), sequence(3, 9, 8), sequence(2, 9, 8)}}),
            3);
}

TEST(PreemptPriority, IsTheLowestRank) {
  Scene scene{.running = {sequence(1, 9, 8), sequence(2, 9, 8), sequence(3, 9, 8)}};
  scene.running[1].priority = 2;
  EXPECT_EQ(victim(preempt_priority, scene), 2);
  scene.running[0].service = Service::kOffline;
  EXPECT_EQ(victim(preempt_priority, scene), 1);
}

TEST(PreemptCost, IsTheLeastRecomputationForWhatIsNeeded) {
  Scene scene{
      .running = {sequence(1, 41, 40), sequence(2, 9, 8), sequence(3, 81, 80)}};  // 10, 2 and 20 blocks
  scene.cost = testing::fitted(10e-3, 100e-6);
  EXPECT_EQ(victim(preempt_cost, scene, 1), 2) << "8 tokens to compute again";
  scene.running[1].shared_blocks = 1;  // frees 1 block, and 4 tokens are computed again
  EXPECT_EQ(victim(preempt_cost, scene, 1), 2);
  scene.running.push_back(scene.running[1]);
  scene.running.back().id = SequenceId(4);
  EXPECT_EQ(victim(preempt_cost, scene, 1), 4) << "the same loss: the later one";
}

TEST(PreemptCost, SparesThoseWithADeadlineThatWouldBeMissed) {
  Scene scene{.running = {sequence(1, 401, 400), sequence(2, 101, 100)}};
  scene.cost = testing::fitted(10e-3, 100e-6);
  EXPECT_EQ(victim(preempt_cost, scene), 2);
  scene.running[1].deadline = at_ms(1005);  // 10 ms to come back, 5 to go
  EXPECT_EQ(victim(preempt_cost, scene), 1);
  scene.running[1].deadline = at_ms(1050);
  EXPECT_EQ(victim(preempt_cost, scene), 2);
}

TEST(CostOfReturn, IsTheCheaperWay) {
  Scene scene;
  scene.cost = testing::fitted(10e-3, 100e-6);  // 0.4 ms a block of 4
  const SequenceView s = sequence(1, 401, 400);
  EXPECT_FALSE(cost_of_return(scene.view(), s).swap) << "no host tier";
  EXPECT_NEAR(cost_of_return(scene.view(), s).seconds, 40e-3, 2e-3);
  scene.swap_seconds_per_block = 0.1e-3;
  EXPECT_TRUE(cost_of_return(scene.view(), s).swap);
  EXPECT_NEAR(cost_of_return(scene.view(), s).seconds, 20e-3, 1e-9) << "100 blocks out and in";
  scene.swap_seconds_per_block = 0.3e-3;
  EXPECT_FALSE(cost_of_return(scene.view(), s).swap);
}

TEST(CostOfReturn, ModeAndRoomDecide) {
  Scene scene;
  scene.cost = testing::fitted(10e-3, 100e-6);
  const SequenceView s = sequence(1, 401, 400);
  scene.swap_seconds_per_block = 0.1e-3;
  scene.goals.preemption = PreemptionMode::kRecompute;
  EXPECT_FALSE(cost_of_return(scene.view(), s).swap);
  scene.swap_seconds_per_block = 1;
  scene.goals.preemption = PreemptionMode::kSwap;
  EXPECT_TRUE(cost_of_return(scene.view(), s).swap);
  SchedulerView full = scene.view();
  full.free_swap_blocks = 99;
  EXPECT_FALSE(cost_of_return(full, s).swap) << "100 blocks do not fit";
}

TEST(Preempt, Conform) {
  std::mt19937 random(5);
  Scene scene;
  for (int i = 0; i < 50; ++i) {
    scene.running.push_back(sequence(i, 2 + static_cast<int>(random() % 50), 1));
    scene.running.back().arrival = at_ms(static_cast<int>(random() % 8));
  }
  for (const PreemptPolicy& policy : preempt_policies()) {
    const int chosen = victim(policy.victim, scene);
    EXPECT_EQ(chosen, victim(policy.victim, scene)) << policy.name;
    std::ranges::reverse(scene.running);
    EXPECT_EQ(chosen, victim(policy.victim, scene))
        << policy.name << " depends on the order of the candidates";
    std::ranges::reverse(scene.running);
  }
}

}  // namespace
}  // namespace loci
