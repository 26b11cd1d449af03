#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

#include "cluster/testing/fleet.h"
#include "cluster/testing/property.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

std::vector<int> picks(Router& router, const Fleet& fleet, int count) {
  std::vector<int> picked;
  for (int i = 0; i < count; ++i) picked.push_back(fleet.route(router, {}).prefill);
  return picked;
}

TEST(WeightedRoundRobin, SpreadsTheTurnsOfTheHeavy) {
  Fleet fleet(3);
  fleet[0].weight = 5;
  const auto router = *make_router("weighted-round-robin");
  EXPECT_THAT(picks(*router, fleet, 7), ::testing::ElementsAre(0, 0, 1, 0, 2, 0, 0));
}

// Over each cycle of as many picks as the weights sum up to, everybody gets exactly its weight.
TEST(WeightedRoundRobin, SharesAreExactOverACycle) {
  expect_property([] {
    const auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 9)));
    Fleet fleet(static_cast<int>(weights.size()));
    for (std::size_t i = 0; i < weights.size(); ++i) fleet.replicas[i].weight = weights[i];
    const auto router = *make_router("weighted-round-robin");
    const int cycle = std::accumulate(weights.begin(), weights.end(), 0);
    for (int round = 0; round < 3; ++round) {
      std::vector<int> taken(weights.size());
      for (const int id : picks(*router, fleet, cycle)) ++taken[static_cast<std::size_t>(id)];
      RC_ASSERT(taken == weights);
    }
  });
}

TEST(WeightedRoundRobin, WhoReturnsIsNotFlooded) {
  Fleet fleet(2);
  const auto router = *make_router("weighted-round-robin");
  fleet[0].weight = 100;
  picks(*router, fleet, 30);  // replica 1 has saved up credit
  fleet[1].state = ReplicaState::kDown;
  fleet[0].weight = 1;
  picks(*router, fleet, 5);
  fleet[1].state = ReplicaState::kReady;
  EXPECT_THAT(picks(*router, fleet, 4), ::testing::ElementsAre(0, 1, 0, 1));
}

}  // namespace
}  // namespace loci::cluster
