#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;
using Choice = DualMapOptions::Choice;

/// A fleet with a prompt of 1,600 tokens, and its two candidates.
struct Scene {
  Fleet fleet{8};
  std::vector<BlockKey> keys = prompt_keys(7, 100);
  int first = -1, second = -1;

  /// An idle fleet prefers neither; load on one shows the other.
  Scene() {
    const auto router = *make_router("dualmap");
    first = fleet.route(*router, request_of(keys)).prefill;
    fleet[first].prefill_tokens = 1e6;
    second = fleet.route(*router, request_of(keys)).prefill;
    fleet[first].prefill_tokens = 0;
  }
  RouteRequest request(double slo) const {
    RouteRequest with = request_of(keys);
    with.ttft_slo = slo;
    return with;
  }
  RouteDecision decide(double slo, Choice choice = Choice::kSwitch) const {
    RouterOptions options;
    options.dualmap.choice = choice;
    return fleet.route(**make_router("dualmap", options), request(slo));
  }
};

TEST(DualMap, AffinityHoldsUpToTheSlo) {
  Scene scene;
  ASSERT_NE(scene.first, scene.second);
  scene.fleet.cache(scene.second, scene.keys);
  EXPECT_EQ(scene.decide(1).prefill, scene.second);
  EXPECT_EQ(scene.decide(1).cached_tokens, 1600);
  // 0.5 s of queue there; computing all of it at the other takes 0.16 s.
  scene.fleet[scene.second].prefill_tokens = 5000;
  EXPECT_EQ(scene.decide(1).prefill, scene.second) << "within the SLO";
  EXPECT_EQ(scene.decide(0.4).prefill, scene.first) << "above it";
  EXPECT_FALSE(scene.decide(0.4).over_slo);
  EXPECT_EQ(scene.decide(0).prefill, scene.first) << "no SLO: the faster one";
  EXPECT_EQ(scene.decide(0.4, Choice::kAlwaysAffinity).prefill, scene.second);
  EXPECT_EQ(scene.decide(1, Choice::kAlwaysLoad).prefill, scene.first);
}

TEST(DualMap, WhereBothMissTheSloTheFasterIsTakenAndFlagged) {
  Scene scene;
  scene.fleet.cache(scene.second, scene.keys);
  scene.fleet[scene.first].prefill_tokens = 30000;
  scene.fleet[scene.second].prefill_tokens = 60000;
  const RouteDecision decision = scene.decide(1);
  EXPECT_EQ(decision.prefill, scene.first);
  EXPECT_TRUE(decision.over_slo);
  EXPECT_GT(decision.ttft, 1);
}

TEST(DualMap, ADrainingReplicaServesItsHitsUntilTheNewOwnerHasThem) {
  Scene scene;
  scene.fleet.cache(scene.second, scene.keys);
  scene.fleet[scene.second].state = ReplicaState::kDraining;
  EXPECT_NE(scene.decide(1).prefill, scene.second) << "not unless it is asked for";
  RouterOptions options;
  options.dualmap.drain_serves = true;
  const auto router = *make_router("dualmap", options);
  EXPECT_EQ(scene.fleet.route(*router, scene.request(1)).prefill, scene.second);
  EXPECT_NE(scene.fleet.route(*router, request_of(prompt_keys(8, 100))).prefill, scene.second)
      << "nothing new goes there";
  for (const ReplicaView& replica : scene.fleet.replicas) scene.fleet.cache(replica.id, scene.keys);
  EXPECT_NE(scene.fleet.route(*router, scene.request(1)).prefill, scene.second);
}

/// Ten requests wait on `scene.first`; the more there is cached of each, the higher its number.
std::vector<WaitingRequest> ten_waiting(const Scene& scene, double slo) {
  std::vector<WaitingRequest> waiting;
  for (int i = 9; i >= 0; --i) waiting.push_back({RequestId(i), scene.first, 100 * i, scene.request(slo)});
  return waiting;
}

TEST(DualMap, OverloadedReplicasGiveTheLeastCachedToTheOtherCandidate) {
  Scene scene;
  scene.fleet[scene.first].prefill_tokens = 15000;  // 1.5 s
  scene.fleet[scene.first].waiting = 10;
  const auto router = *make_router("dualmap");
  const auto moves = router->rebalance(ten_waiting(scene, 1), scene.fleet.view());
  ASSERT_FALSE(moves.empty());
  for (std::size_t i = 0; i < moves.size(); ++i)
    EXPECT_EQ(moves[i], (Migration{RequestId(i), scene.first, scene.second}));
  // Each move takes 0.16 s or a little less: four of them are enough.
  EXPECT_EQ(moves.size(), 4u);
}

TEST(DualMap, ABusyOtherCandidateLeavesItToAnIdleReplica) {
  Scene scene;
  scene.fleet[scene.first].prefill_tokens = scene.fleet[scene.second].prefill_tokens = 15000;
  const auto router = *make_router("dualmap");
  const auto moves = router->rebalance(ten_waiting(scene, 1), scene.fleet.view());
  ASSERT_FALSE(moves.empty());
  std::set<int> to;
  for (const Migration& move : moves) to.insert(move.to);
  EXPECT_FALSE(to.contains(scene.second));
  EXPECT_GT(to.size(), 1u) << "each move counts in what the next one sees";
}

TEST(DualMap, NothingMovesWhereNobodyIsOverloadedOrNobodyHasRoom) {
  Scene scene;
  const auto router = *make_router("dualmap");
  scene.fleet[scene.first].prefill_tokens = 9000;
  EXPECT_THAT(router->rebalance(ten_waiting(scene, 1), scene.fleet.view()), ::testing::IsEmpty());
  for (ReplicaView& replica : scene.fleet.replicas) replica.prefill_tokens = 20000;
  EXPECT_THAT(router->rebalance(ten_waiting(scene, 1), scene.fleet.view()), ::testing::IsEmpty());
  RouterOptions off;
  off.dualmap.rebalance = false;
  scene = {};
  scene.fleet[scene.first].prefill_tokens = 15000;
  EXPECT_THAT((*make_router("dualmap", off))->rebalance(ten_waiting(scene, 1), scene.fleet.view()),
              ::testing::IsEmpty());
}

}  // namespace
}  // namespace loci::cluster
