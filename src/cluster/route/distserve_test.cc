#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(DistServe, ShortestPromptQueueAndLeastLoadedDecoder) {
  Fleet fleet(4);
  fleet[0].role = fleet[1].role = ReplicaRole::kPrefill;
  fleet[2].role = fleet[3].role = ReplicaRole::kDecode;
  fleet[0].prefill_tokens = 3000, fleet[1].prefill_tokens = 2000;
  fleet[2].running = 5, fleet[3].running = 9;
  const auto keys = prompt_keys(1, 100);
  fleet.cache(0, keys);  // makes no difference to it
  const auto router = *make_router("distserve");
  RouteDecision decision = fleet.route(*router, request_of(keys));
  EXPECT_EQ(decision.prefill, 1);
  EXPECT_EQ(decision.decode, 2);
  for (double& coefficient : fleet[0].cost) coefficient /= 2;  // twice as fast: a shorter queue in seconds
  decision = fleet.route(*router, request_of(keys));
  EXPECT_EQ(decision.prefill, 0);
}

}  // namespace
}  // namespace loci::cluster
