#include "cluster/prediction.h"

#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"
#include "cluster/testing/property.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

/// 10 ms a step, 1 ms a token, 1 us a position read, 0.1 us a pair; chunks of 100.
ReplicaView simple() {
  ReplicaView replica;
  replica.cost = {10e-3, 1e-3, 1e-6, 1e-7};
  replica.chunk_tokens = 100;
  replica.max_sequences = 4;
  return replica;
}

TEST(Prediction, AnIdleReplicaComputesThePromptAlone) {
  // 250 tokens in chunks of 100: 2.5 steps of 10 ms, 250 ms of rows; the chunks read 125 positions each on
  // average; 249 * 125 pairs.
  const double attention = 2.5 * 125 * 1e-6 + 249 * 125 * 1e-7;
  EXPECT_NEAR(predicted_ttft(simple(), {250, 0}), 0.275 + attention, 1e-9);
  // 50 uncached ones behind 200: one step, reads 225 positions.
  EXPECT_NEAR(predicted_ttft(simple(), {250, 200}), 0.06 + 225e-6 + 49 * 225e-7, 1e-9);
}

TEST(Prediction, SomethingIsComputedWhateverIsCached) {
  EXPECT_EQ((PromptWork{100, 100}.uncached()), 1);
  EXPECT_EQ((PromptWork{100, 5000}.uncached()), 1);
  EXPECT_EQ((PromptWork{0, 0}.uncached()), 1);
  EXPECT_EQ((PromptWork{100, -7}.uncached()), 100);
}

TEST(Prediction, QueuedPromptsGoFirstBesideWhatRuns) {
  ReplicaView replica = simple();
  replica.prefill_tokens = 950;
  replica.running = 2;
  replica.kv_tokens = 1000;
  // 1000 tokens in chunks of 98, beside two single tokens that read 1000 positions.
  const double step = 10e-3 + 2e-3 + 1e-3;
  EXPECT_NEAR(predicted_ttft(replica, {50, 0}), 1000 / 98.0 * step + 1.0, 0.001);
}

TEST(Prediction, AFullReplicaAdmitsAsOthersEnd) {
  ReplicaView replica = simple();
  replica.running = 4;
  replica.output_tokens = 400;  // 100 each: one ends every 25 steps of 14 ms
  EXPECT_NEAR(admission_seconds(replica, 10), 25 * 0.014, 1e-9);
  replica.waiting = 2, replica.output_tokens = 600;
  EXPECT_NEAR(admission_seconds(replica, 10), 3 * 25 * 0.014, 1e-9);
  replica.waiting = 0, replica.running = 3, replica.output_tokens = 300;
  EXPECT_EQ(admission_seconds(replica, 10), 0);
  // No memory: 160 tokens need 10 blocks, each sequence holds 30.
  replica.kv_blocks = 90, replica.free_kv_blocks = 0;
  EXPECT_NEAR(admission_seconds(replica, 160), 1.0 / 3 * (100.0 / 3) * 0.013, 1e-9);
}

TEST(Prediction, FinishAddsTheOutputAtThePaceOfAFullerStep) {
  ReplicaView replica = simple();
  const double tpot = predicted_tpot(replica, 100, 11);
  EXPECT_NEAR(tpot, 10e-3 + 1e-3 + 100e-6, 1e-9);
  EXPECT_NEAR(predicted_finish(replica, {100, 0}, 11), predicted_ttft(replica, {100, 0}) + 10 * tpot, 1e-9);
  replica.running = 9;  // no more than max_sequences run at once
  EXPECT_NEAR(predicted_tpot(replica, 0, 1), 10e-3 + 4e-3, 1e-9);
}

TEST(Prediction, PromptsThatAreQueuedSlowTokensDown) {
  ReplicaView replica = simple();
  replica.prefill_tokens = 500;
  // Ten rows beside each of 50 tokens; never more than a chunk.
  EXPECT_NEAR(predicted_tpot(replica, 0, 50), 10e-3 + 1e-3 + 10e-3, 1e-9);
  EXPECT_NEAR(predicted_tpot(replica, 0, 2), 10e-3 + 1e-3 + 100e-3, 1e-9);
}

TEST(Prediction, WithoutCostsAStepTakesWhatTokensTookLately) {
  ReplicaView replica = simple();
  replica.cost = {};
  EXPECT_EQ(predicted_ttft(replica, {1000, 0}), 0) << "nothing is known at all";
  replica.recent_tpot = 0.03;
  EXPECT_NEAR(predicted_ttft(replica, {1000, 0}), 10 * 0.03, 1e-9);
  EXPECT_NEAR(predicted_tpot(replica, 100, 10), 0.03, 1e-9);
}

TEST(Prediction, OutstandingWorkIsSharedByThoseThatRunAtOnce) {
  ReplicaView replica = simple();
  replica.running = 2, replica.waiting = 6;
  replica.output_tokens = 800;  // at four at once: 200 steps of 14 ms
  EXPECT_NEAR(outstanding_seconds(replica), 200 * 0.014, 1e-9);
  replica.prefill_tokens = 490;  // five chunks of 98 beside two single tokens
  EXPECT_NEAR(outstanding_seconds(replica), 200 * 0.014 + 5 * 0.012 + 0.49, 1e-9);
}

TEST(Prediction, MoreWorkNeverTakesLess) {
  expect_property([] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    const ReplicaView less = random_replica(0, random);
    const int prompt = *rc::gen::inRange(1, 5000), cached = *rc::gen::inRange(0, 5000);
    const int more_tokens = *rc::gen::inRange(0, 1000);
    ReplicaView more = less;
    more.prefill_tokens += more_tokens;
    RC_ASSERT(predicted_ttft(more, {prompt, cached}) >= predicted_ttft(less, {prompt, cached}));
    RC_ASSERT(predicted_ttft(less, {prompt, 0}) >= predicted_ttft(less, {prompt, cached}) - 1e-9);
    RC_ASSERT(outstanding_seconds(more) >= outstanding_seconds(less));
    more = less;
    more.output_tokens += more_tokens;
    RC_ASSERT(outstanding_seconds(more) >= outstanding_seconds(less));
  });
}

}  // namespace
}  // namespace loci::cluster
