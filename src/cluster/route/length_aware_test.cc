#include <gtest/gtest.h>

#include "cluster/roles/sliders.h"
#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

/// Two prefill-heavy replicas (0, 1), two decode-heavy ones (2, 3): 12,000 and 3,700 prompt tokens a second.
Fleet hybrid() {
  const auto plans = *arrange({2, 2, 2048, 64});
  Fleet fleet(4);
  for (int id = 0; id < 4; ++id) {
    fleet[id].role = plans[static_cast<std::size_t>(id)].role;
    fleet[id].chunk_tokens = plans[static_cast<std::size_t>(id)].chunk_tokens;
  }
  return fleet;
}

RouteDecision decide(const Fleet& fleet, int blocks, double slo) {
  const auto keys = prompt_keys(1, blocks);
  RouteRequest request = request_of(keys);
  request.ttft_slo = slo;
  return fleet.route(**make_router("length-aware"), request);
}

TEST(LengthAware, ShortPromptsWithSlackUseSlowReplicas) {
  const Fleet fleet = hybrid();
  const RouteDecision slack = decide(fleet, 50, 1);  // 800 tokens: 0.2 s there
  EXPECT_EQ(slack.prefill, 2);
  EXPECT_EQ(slack.decode, 2) << "goes on where it is";
  const RouteDecision urgent = decide(fleet, 50, 0.15);
  EXPECT_EQ(urgent.prefill, 0);
  EXPECT_EQ(urgent.decode, 2);
  EXPECT_EQ(decide(fleet, 500, 1.5).prefill, 0) << "a long one has less slack at the same SLO";
}

TEST(LengthAware, OfEquallySlowOnesTheEarliestAndOfLateOnesTheFastest) {
  Fleet fleet = hybrid();
  fleet[2].prefill_tokens = 500;
  EXPECT_EQ(decide(fleet, 50, 1).prefill, 3);
  for (ReplicaView& replica : fleet.replicas) replica.prefill_tokens = 50000;
  const RouteDecision late = decide(fleet, 50, 1);
  EXPECT_LE(late.prefill, 1);
  EXPECT_TRUE(late.over_slo);
  EXPECT_LE(decide(hybrid(), 50, 0).prefill, 1) << "no SLO: the earliest";
}

TEST(LengthAware, NobodyIsSentToReplicasThatComputeNoPrompts) {
  Fleet fleet = hybrid();
  fleet[2].chunk_tokens = fleet[3].chunk_tokens = 0;
  EXPECT_LE(decide(fleet, 2, 100).prefill, 1);
}

TEST(LengthAware, DecodesStayOnAPrefillHeavyReplicaWhileTheOthersAreFull) {
  Fleet fleet = hybrid();
  fleet[2].free_kv_blocks = fleet[3].free_kv_blocks = 10;
  const RouteDecision decision = decide(fleet, 500, 1.5);
  EXPECT_EQ(decision.prefill, 0);
  EXPECT_EQ(decision.decode, 0);
}

}  // namespace
}  // namespace loci::cluster
