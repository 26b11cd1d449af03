#include "sched/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/scheduler_views.h"

namespace loci {

bool operator==(const Slice& a, const Slice& b) {
  return a.sequence == b.sequence && a.begin == b.begin && a.count == b.count;
}
void PrintTo(const Slice& s, std::ostream* out) {
  *out << "sequence " << raw(s.sequence) << " [" << s.begin << ", +" << s.count << ")";
}

namespace {

using testing::at_ms;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Scene;
using testing::sequence;

/// What the scheduler does by itself, without predictions.
constexpr SchedulingPolicies kPlain{order_fcfs, chunk_fixed, preempt_latest, admit_max_utilization};

StepPlan plan_for(const Scene& scene, const SchedulingPolicies& policies = kPlain, Time now = at_ms(0)) {
  StepPlan plan;
  Planner().plan(scene.view(), policies, now, plan);
  return plan;
}

Slice slice(int id, int begin, int count) {
  return {SequenceId(id), begin, count};
}

SequenceView offline(SequenceView s) {
  s.service = Service::kOffline;
  return s;
}

TEST(Scheduler, DecodesComeBeforeChunksAndChunksFillTheBudget) {
  const StepPlan plan = plan_for({.running = {sequence(1, 100, 20), sequence(2, 9, 8)},
                                  .waiting = {sequence(3, 50, 0)},
                                  .limits = {8, 32, 8}});
  EXPECT_THAT(plan.slices, ElementsAre(slice(2, 8, 1), slice(1, 20, 31)));
}

TEST(Scheduler, WaitingAreAdmittedInOrderOfArrivalWithoutOvertaking) {
  const StepPlan plan =
      plan_for({.waiting = {sequence(5, 4, 0), sequence(2, 40, 0), sequence(1, 4, 0)}, .free_blocks = 8});
  EXPECT_THAT(plan.slices, ElementsAre(slice(1, 0, 4))) << "2 needs 10 blocks of 8 and 5 must not pass it";
}

TEST(Scheduler, OlderSequencePreemptsTheLatest) {
  const StepPlan plan =
      plan_for({.running = {sequence(1, 9, 8), sequence(2, 8, 7), sequence(3, 8, 7)}, .free_blocks = 0});
  ASSERT_EQ(plan.preempts.size(), 1u);
  EXPECT_EQ(plan.preempts[0].sequence, SequenceId(3));
  EXPECT_FALSE(plan.preempts[0].swap) << "there is no host tier";
  EXPECT_THAT(plan.slices, ElementsAre(slice(1, 8, 1), slice(2, 7, 1)));
}

TEST(Scheduler, YoungerSequenceWaitsRatherThanPreemptAnOlder) {
  const StepPlan plan = plan_for({.running = {sequence(1, 8, 7), sequence(2, 9, 8)}, .free_blocks = 0});
  EXPECT_THAT(plan.preempts, IsEmpty());
  EXPECT_THAT(plan.slices, ElementsAre(slice(1, 7, 1)));
}

TEST(Scheduler, PromptLogitsAreChunkedToTheirBudget) {
  SequenceView s = sequence(1, 50, 0);
  s.first_logits = 10;
  const StepPlan plan = plan_for({.waiting = {s}, .limits = {8, 100, 6}});
  EXPECT_THAT(plan.slices, ElementsAre(slice(1, 0, 16)));
}

TEST(Scheduler, OnlineWaitingTakesMemoryAndSlotsFromOfflineRunning) {
  Scene scene{.running = {offline(sequence(1, 9, 8)), offline(sequence(2, 21, 20))},
              .waiting = {sequence(3, 12, 0)},
              .free_blocks = 0};
  StepPlan plan = plan_for(scene);
  ASSERT_EQ(plan.preempts.size(), 1u);
  EXPECT_EQ(plan.preempts[0].sequence, SequenceId(2)) << "5 blocks, 3 are needed, and 1 for the other";
  EXPECT_THAT(plan.slices, ElementsAre(slice(3, 0, 12), slice(1, 8, 1)));

  scene.free_blocks = 100;
  scene.limits.max_sequences = 2;
  plan = plan_for(scene);
  ASSERT_EQ(plan.preempts.size(), 1u);
  EXPECT_THAT(plan.slices, ElementsAre(slice(3, 0, 12), slice(1, 8, 1)));
}

TEST(Scheduler, NothingIsPreemptedInVain) {
  const StepPlan plan = plan_for({.running = {sequence(1, 21, 20), offline(sequence(2, 9, 8))},
                                  .waiting = {sequence(3, 16, 0)},
                                  .free_blocks = 2});
  EXPECT_THAT(plan.preempts, IsEmpty())
      << "3 needs 4 blocks: 1 is free after the other's next, 2 are offline's";
  EXPECT_THAT(plan.slices, ElementsAre(slice(1, 20, 1), slice(2, 8, 1)));
}

// 2 takes one block and stands on three of 1. Taking the five of 1 for 3 would count those three twice.
TEST(Scheduler, NobodyIsPreemptedOnWhoseBlocksAnotherStarts) {
  Scene scene{.running = {offline(sequence(1, 21, 20))},
              .waiting = {sequence(2, 16, 0), sequence(3, 24, 0)},
              .free_blocks = 2};
  scene.waiting[0].cached_tokens = 12;
  scene.waiting[0].cached_blocks_in_use = 3;
  StepPlan plan = plan_for(scene);
  EXPECT_THAT(plan.preempts, IsEmpty());
  EXPECT_THAT(plan.slices, ElementsAre(slice(2, 12, 4), slice(1, 20, 1)));
  scene.waiting.erase(scene.waiting.begin());
  plan = plan_for(scene);
  EXPECT_EQ(plan.preempts.size(), 1u);
  EXPECT_THAT(plan.slices, ElementsAre(slice(3, 0, 24)));
}

TEST(Scheduler, WaitingOnlineDoesNotPreemptOnline) {
  const StepPlan plan =
      plan_for({.running = {sequence(2, 8, 7)}, .waiting = {sequence(1, 12, 0)}, .free_blocks = 1});
  EXPECT_THAT(plan.preempts, IsEmpty());
  EXPECT_THAT(plan.slices, ElementsAre(slice(2, 7, 1)));
}

TEST(Scheduler, OneQueueForAllThatStillPrefill) {
  Scene scene{.running = {sequence(1, 100, 20), sequence(2, 9, 8)},
              .waiting = {sequence(3, 12, 0), sequence(4, 60, 0)},
              .limits = {8, 50, 8}};
  SchedulingPolicies policies = kPlain;
  policies.order = order_srpf;  // 12, then 60, then 80 tokens
  EXPECT_THAT(plan_for(scene, policies).slices,
              ElementsAre(slice(2, 8, 1), slice(3, 0, 12), slice(4, 0, 37)));
  scene.waiting[1].cached_tokens = 56;
  EXPECT_THAT(plan_for(scene, policies).slices,
              ElementsAre(slice(2, 8, 1), slice(4, 56, 4), slice(3, 0, 12), slice(1, 20, 33)));
}

TEST(Scheduler, SequencesThatWaitForAPrefixAreOvertaken) {
  Scene scene{.waiting = {sequence(1, 8, 0), sequence(2, 8, 0)}};
  scene.running = {sequence(0, 40, 4)};
  scene.waiting[0].waits_for_prefix = true;
  EXPECT_THAT(plan_for(scene).slices, ElementsAre(slice(0, 4, 36), slice(2, 0, 8)));
}

TEST(Scheduler, OfThoseThatWouldBeginAlikeOneBegins) {
  Scene scene{.waiting = {sequence(1, 20, 0), sequence(2, 20, 0), sequence(3, 20, 0)}};
  scene.waiting[0].prefix_to_come = scene.waiting[1].prefix_to_come = 77;
  scene.waiting[2].prefix_to_come = 78;
  EXPECT_THAT(plan_for(scene).slices, ElementsAre(slice(1, 0, 20), slice(3, 0, 20)));
}

TEST(Scheduler, CachedTokensAreNotComputedAndTheirBlocksAreCounted) {
  Scene scene{.waiting = {sequence(1, 20, 0)}, .free_blocks = 5};
  scene.waiting[0].cached_tokens = 12;
  EXPECT_THAT(plan_for(scene).slices, ElementsAre(slice(1, 12, 8)));
  scene.running = {sequence(0, 3, 2)};
  scene.free_blocks = 2;
  EXPECT_EQ(plan_for(scene).slices.size(), 1u) << "5 blocks are needed";
  scene.waiting[0].cached_blocks_in_use = 3;
  EXPECT_EQ(plan_for(scene).slices.size(), 2u) << "3 of them the other holds";
}

TEST(Scheduler, WritingIntoASharedBlockTakesACopy) {
  Scene scene{.running = {sequence(1, 8, 7)}, .free_blocks = 0};
  EXPECT_EQ(plan_for(scene).slices.size(), 1u);
  scene.running.push_back(sequence(2, 8, 7));
  scene.running[0].tail_shared = true;
  const StepPlan plan = plan_for(scene);
  ASSERT_EQ(plan.preempts.size(), 1u);
  EXPECT_THAT(plan.slices, ElementsAre(slice(1, 7, 1)));
}

// Nobody's block is its own, so no single preemption would help: all of them together do.
TEST(Scheduler, SharedBlocksDoNotDeadlock) {
  Scene scene{.running = {sequence(1, 9, 8), sequence(2, 9, 8), sequence(3, 9, 8)}, .free_blocks = 0};
  for (SequenceView& s : scene.running) s.shared_blocks = 2;
  const StepPlan plan = plan_for(scene);
  EXPECT_EQ(plan.preempts.size(), 2u);
  EXPECT_THAT(plan.slices, ElementsAre(slice(1, 8, 1)));
}

// Beams that have been computed hold blocks and slots while they wait for another of their search.
TEST(Scheduler, WhoWaitsForOtherBeamsHoldsNobodyUp) {
  Scene scene{.running = {sequence(1, 8, 8), sequence(2, 9, 8)}, .waiting = {sequence(3, 5, 0)}};
  EXPECT_THAT(plan_for(scene).slices, ElementsAre(slice(2, 8, 1), slice(3, 0, 5)));
  scene.free_blocks = 0;
  StepPlan plan = plan_for(scene);
  EXPECT_THAT(plan.slices, ElementsAre(slice(2, 8, 1))) << "the highest of those that have something to do";
  ASSERT_EQ(plan.preempts.size(), 1u);
  EXPECT_EQ(plan.preempts[0].sequence, SequenceId(1));

  scene.running[1] = sequence(2, 8, 8);
  plan = plan_for(scene);
  EXPECT_EQ(plan.preempts.size(), 2u) << "they need nothing but what the other needs";
  EXPECT_THAT(plan.slices, ElementsAre(slice(3, 0, 5)));
}

TEST(Scheduler, SingleTokensGoByRankWhereBlocksAreShort) {
  Scene scene{.running = {sequence(1, 9, 8), sequence(2, 9, 8)}, .free_blocks = 1};
  scene.running[1].priority = -1;
  const StepPlan plan = plan_for(scene);
  EXPECT_THAT(plan.preempts, IsEmpty());
  EXPECT_THAT(plan.slices, ElementsAre(slice(2, 8, 1)));
}

TEST(Scheduler, TenantsOverTheirQuotaWaitAndAreOvertaken) {
  Scene scene{.running = {sequence(0, 17, 16)},
              .waiting = {sequence(1, 16, 0), sequence(2, 16, 0)},
              .tenants = {{.blocks = 4, .max_blocks = 8}, {}}};
  scene.waiting[1].tenant = 1;
  EXPECT_THAT(plan_for(scene).slices, ElementsAre(slice(0, 16, 1), slice(2, 0, 16)))
      << "5 blocks of the running one and 4 more are over 8";
  scene.tenants[0].max_blocks = 9;
  EXPECT_EQ(plan_for(scene).slices.size(), 3u);
  scene.waiting[0].tokens_to_come = 100;
  scene.goals.expected_output = 10;
  EXPECT_EQ(plan_for(scene).slices.size(), 2u) << "with what it is expected to generate it is over";
}

// Eight of a tenant decode at 80 ms a step, and a prompt of 1,000 tokens comes.
TEST(Scheduler, WhoAskedForMuchDoesNotHoldUpThePromptOfWhoAskedForLittle) {
  Scene scene{.free_blocks = 10000, .limits = {64, 2000, 64}, .tenants = {{.served = 5000}, {.served = 100}}};
  scene.cost = testing::fitted(80e-3, 1e-3);
  for (int i = 0; i < 8; ++i) scene.running.push_back(sequence(i, 101, 100));
  SequenceView prompt = sequence(99, 1001, 0);
  const auto chunk_of_tenant = [&](int tenant) {
    prompt.tenant = tenant;
    scene.waiting = {prompt};
    StepPlan plan;
    Planner().plan(scene.view(), {order_fair, chunk_slo, preempt_latest, admit_max_utilization}, at_ms(0),
                   plan);
    return plan.slices.back().count;
  };
  EXPECT_LT(chunk_of_tenant(0), 100) << "those who decode are its own tenant's";
  EXPECT_EQ(chunk_of_tenant(1), 1001);
  scene.tenants[1].served = 6000;
  EXPECT_LT(chunk_of_tenant(1), 100) << "it has had more than they";
  scene.tenants[1].served = 100;
  scene.running[0].tenant = 1;
  EXPECT_EQ(chunk_of_tenant(1), 1001) << "one of those who decode is its own";
  prompt.known_tokens = prompt.prompt_tokens = 8001;
  EXPECT_LT(chunk_of_tenant(1), 100) << "more than four steps of 2,000";
}

TEST(Scheduler, OfflineFillsWhatOnlineLeavesOfTheGoal) {
  Scene scene{.running = {sequence(1, 9, 8), offline(sequence(2, 400, 0))}, .limits = {8, 1000, 8}};
  scene.cost = testing::fitted(10e-3, 100e-6);
  scene.goals.inter_token = std::chrono::milliseconds(20);
  StepPlan plan = plan_for(scene);
  ASSERT_EQ(plan.slices.size(), 2u);
  EXPECT_NEAR(plan.slices[1].count, 99, 4) << "10 ms + 0.1 ms * (1 + rows) within 20 ms";
  scene.goals.inter_token = std::chrono::milliseconds(5);
  EXPECT_THAT(plan_for(scene).slices, ElementsAre(slice(1, 8, 1))) << "nothing is left";
  scene.running.erase(scene.running.begin());
  EXPECT_THAT(plan_for(scene).slices, ElementsAre(slice(2, 0, 400))) << "nobody is online";
}

TEST(Scheduler, OnlineIsServedBeforeOlderOffline) {
  Scene scene{.waiting = {offline(sequence(1, 80, 0)), sequence(2, 60, 0)}, .limits = {8, 100, 8}};
  scene.goals.inter_token = std::chrono::seconds(1);
  EXPECT_THAT(plan_for(scene).slices, ElementsAre(slice(2, 0, 60), slice(1, 0, 40)));
}

SequenceView whole(int id, int tokens) {
  SequenceView s = sequence(id, tokens, 0);
  s.whole = true;
  s.first_logits = tokens;
  return s;
}

TEST(Scheduler, WholeSequencesAreNotCut) {
  const StepPlan plan =
      plan_for({.waiting = {whole(1, 60), whole(2, 41), whole(3, 5)}, .limits = {8, 100, 8}});
  EXPECT_THAT(plan.slices, ElementsAre(slice(1, 0, 60))) << "nobody overtakes";
}

TEST(Scheduler, WholeSequencesWaitForCompanyUntilTheDelayIsOver) {
  Scene scene{.waiting = {whole(10, 30), whole(12, 30)}, .limits = {8, 100, 8}};
  scene.goals.batch_delay = std::chrono::milliseconds(5);
  StepPlan plan = plan_for(scene, kPlain, at_ms(12));
  EXPECT_THAT(plan.slices, IsEmpty());
  EXPECT_EQ(plan.resume, at_ms(15)) << "the first came at 10 ms";
  EXPECT_EQ(plan_for(scene, kPlain, at_ms(15)).slices.size(), 2u);

  scene.waiting.push_back(whole(13, 40));
  EXPECT_EQ(plan_for(scene, kPlain, at_ms(13)).slices.size(), 3u) << "the step is full";
  scene.waiting.pop_back();
  scene.limits.max_sequences = 2;
  EXPECT_EQ(plan_for(scene, kPlain, at_ms(13)).slices.size(), 2u) << "no more may come";

  scene.limits.max_sequences = 8;
  scene.waiting.push_back(sequence(14, 4, 0));
  EXPECT_THAT(plan_for(scene, kPlain, at_ms(14)).slices, ElementsAre(slice(14, 0, 4)))
      << "others need not wait";
}

TEST(Scheduler, VictimsSwapWhereThatIsCheaper) {
  Scene scene{.running = {sequence(1, 9, 8), sequence(2, 401, 400)}, .free_blocks = 0};
  scene.cost = testing::fitted(10e-3, 100e-6);
  scene.swap_seconds_per_block = 1e-6;
  const StepPlan plan = plan_for(scene);
  ASSERT_EQ(plan.preempts.size(), 1u);
  EXPECT_TRUE(plan.preempts[0].swap);
}

}  // namespace
}  // namespace loci
