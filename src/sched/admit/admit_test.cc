#include "sched/admit/admit.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "testing/scheduler_views.h"

namespace loci {
namespace {

using testing::Scene;
using testing::sequence;

SequenceView generating(int id, int prompt, int generated, int to_come) {
  SequenceView s = sequence(id, prompt + generated, prompt + generated - 1);
  s.prompt_tokens = prompt;
  s.tokens_to_come = to_come;
  return s;
}

SequenceView prompt_of(int id, int tokens, int to_come) {
  SequenceView s = sequence(id, tokens, 0);
  s.tokens_to_come = to_come;
  return s;
}

/// Blocks of 4 that must be free for `scene.waiting[0]` to start.
int needed(AdmitFunction policy, const Scene& scene) {
  std::vector<Resident> residents;
  for (const SequenceView& s : scene.running) residents.push_back({&s, s.blocks});
  const SequenceView& next = scene.waiting[0];
  return policy({scene.view(), residents, {&next, next.cached_blocks_in_use}});
}

TEST(AdmitMaxUtilization, CountsWhatIsKnown) {
  // 4 blocks hold 16 computed tokens, the 17th needs a fifth; the prompt needs 3.
  Scene scene{.running = {generating(1, 10, 7, 100)}, .waiting = {prompt_of(2, 10, 100)}};
  EXPECT_EQ(needed(admit_max_utilization, scene), 1 + 3);
  scene.waiting[0].cached_tokens = 8;
  EXPECT_EQ(needed(admit_max_utilization, scene), 1 + 3) << "cached blocks that nobody holds are free ones";
  scene.waiting[0].cached_blocks_in_use = 2;
  EXPECT_EQ(needed(admit_max_utilization, scene), 1 + 1);
  scene.waiting[0].cached_tokens = 9;
  scene.waiting[0].tail_shared = true;
  EXPECT_EQ(needed(admit_max_utilization, scene), 1 + 2) << "a copy of the block that both would write";
}

TEST(AdmitGuaranteed, CountsAllThatMayCome) {
  const Scene scene{.running = {generating(1, 10, 7, 103)}, .waiting = {prompt_of(2, 10, 10)}};
  EXPECT_EQ(needed(admit_guaranteed, scene), (30 - 4) + 5);
}

TEST(AdmitPredicted, CountsWhatIsExpected) {
  Scene scene{.running = {generating(1, 10, 7, 1000)}, .waiting = {prompt_of(2, 10, 1000)}};
  scene.goals.expected_output = 20;  // 13 more: 30 tokens in 8 blocks; 20: 30 tokens in 8 blocks
  // When the first ends, the second has 23 tokens: 8 + 6 - 4, and rounding. Later there are the first one's
  // blocks.
  EXPECT_EQ(needed(admit_predicted, scene), 11);
  scene.running[0].known_tokens += 11, scene.running[0].computed_tokens += 11, scene.running[0].blocks = 7;
  // The first has 5 to come, 33 in all; with 15 of the second, that is 9 + 4 - 7, and rounding. Then the
  // first gives all back.
  EXPECT_EQ(needed(admit_predicted, scene), 7);
  scene.running[0] = generating(1, 10, 7, 2);
  scene.running[0].tokens_to_come = scene.waiting[0].tokens_to_come = 2;
  EXPECT_EQ(needed(admit_predicted, scene), 4) << "19 and 12 tokens in 8 blocks, of which 4 are held";
}

TEST(AdmitPredicted, WhoOutlivesThePredictionIsExpectedToGoOn) {
  SchedulingGoals goals;
  goals.expected_output = 40;
  EXPECT_EQ(predicted_output(generating(1, 10, 0, 1000), goals), 40);
  EXPECT_EQ(predicted_output(generating(1, 10, 25, 1000), goals), 15);
  EXPECT_EQ(predicted_output(generating(1, 10, 39, 1000), goals), 10);
  EXPECT_EQ(predicted_output(generating(1, 10, 500, 1000), goals), 10);
  EXPECT_EQ(predicted_output(generating(1, 10, 500, 3), goals), 3);
  goals.expected_output = 0;
  EXPECT_EQ(predicted_output(generating(1, 10, 0, 20), goals), 20) << "not known yet";
}

/// What residents and next really need when each generates as predicted, one token a step.
int simulated(const Scene& scene) {
  std::vector<SequenceView> all = scene.running;
  all.push_back(scene.waiting[0]);
  int most = 0;
  for (int step = 0; step <= 200; ++step) {
    int need = 0;
    for (const SequenceView& s : all) {
      const int output = predicted_output(s, scene.goals);
      need += output < step
                  ? -s.blocks
                  : blocks_for(s.known_tokens + std::min(output, step), scene.block_tokens) - s.blocks;
    }
    most = std::max(most, need);
  }
  return most;
}

int each_at_its_end(const Scene& scene) {
  const SequenceView& next = scene.waiting[0];
  int sum = missing_blocks({&next, 0}, predicted_output(next, scene.goals), scene.block_tokens);
  for (const SequenceView& s : scene.running)
    sum += missing_blocks({&s, s.blocks}, predicted_output(s, scene.goals), scene.block_tokens);
  return sum;
}

TEST(AdmitPredicted, IsTheFullestMomentAndALittle) {
  std::mt19937 random(9);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  double sum = 0, truth = 0, all = 0;
  for (int round = 0; round < 300; ++round) {
    Scene scene{.waiting = {prompt_of(99, pick(1, 100), pick(1, 200))}};
    scene.goals.expected_output = pick(1, 100);
    for (int i = 0, n = pick(1, 30); i < n; ++i)
      scene.running.push_back(generating(i, pick(1, 100), pick(1, 100), pick(1, 200)));
    const int blocks = needed(admit_predicted, scene);
    ASSERT_GE(blocks, simulated(scene));
    ASSERT_LE(blocks, needed(admit_guaranteed, scene));
    ASSERT_GE(blocks, needed(admit_max_utilization, scene));
    sum += blocks, truth += simulated(scene), all += each_at_its_end(scene);
  }
  EXPECT_LT(sum, 1.25 * truth) << "half a block each is the reserve";
  EXPECT_LT(sum, 0.85 * all) << "less than what each needs at its own end";
}

}  // namespace
}  // namespace loci
