#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

/// Two machines of each pool: 0 and 1 prompt, 2 and 3 mixed, 4 and 5 token.
Fleet three_pools() {
  Fleet fleet(6);
  for (int id = 0; id < 6; ++id)
    fleet[id].role = id < 2 ? ReplicaRole::kPrefill : id < 4 ? ReplicaRole::kMixed : ReplicaRole::kDecode;
  for (const int id : {0, 2, 4}) fleet[id].prefill_tokens = 10;
  fleet[4].running = 1, fleet[4].output_tokens = 10;
  return fleet;
}

TEST(Splitwise, JoinsTheShortestQueueOfEachPool) {
  const Fleet fleet = three_pools();
  const RouteDecision decision = fleet.route(**make_router("splitwise"), request_of(prompt_keys(1, 100)));
  EXPECT_EQ(decision.prefill, 1);
  EXPECT_EQ(decision.decode, 5);
}

TEST(Splitwise, SpikesSpillIntoTheMixedPoolThenIntoTheOther) {
  Fleet fleet = three_pools();
  const auto router = *make_router("splitwise", {.spill_seconds = 0.5});
  const auto request = request_of(prompt_keys(1, 100));
  fleet[0].prefill_tokens = fleet[1].prefill_tokens = 20000;  // 2 s
  RouteDecision decision = fleet.route(*router, request);
  EXPECT_EQ(decision.prefill, 3);
  EXPECT_EQ(decision.decode, 3) << "what a mixed machine computed stays there";
  fleet[2].prefill_tokens = fleet[3].prefill_tokens = 20000;
  decision = fleet.route(*router, request);
  EXPECT_EQ(decision.prefill, 5);
  // When all are over it the prompt pool keeps its own.
  fleet[4].prefill_tokens = fleet[5].prefill_tokens = 20000;
  EXPECT_EQ(fleet.route(*router, request).prefill, 0);
}

TEST(Splitwise, SequencesWithoutMemoryInTheTokenPoolGoToTheMixedOne) {
  Fleet fleet = three_pools();
  const auto router = *make_router("splitwise");
  fleet[4].free_kv_blocks = fleet[5].free_kv_blocks = 100;  // 1,600 tokens
  EXPECT_EQ(fleet.route(*router, request_of(prompt_keys(1, 90), 100)).decode, 5);
  EXPECT_EQ(fleet.route(*router, request_of(prompt_keys(1, 90), 200)).decode, 3);
}

}  // namespace
}  // namespace loci::cluster
