#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(RoundRobin, TakesTurnsAndSkipsWhoIsAway) {
  Fleet fleet(4);
  fleet[1].state = ReplicaState::kDraining;
  const auto router = *make_router("round-robin");
  std::vector<int> picked;
  for (int i = 0; i < 4; ++i) picked.push_back(fleet.route(*router, {}).prefill);
  fleet[1].state = ReplicaState::kReady;
  for (int i = 0; i < 4; ++i) picked.push_back(fleet.route(*router, {}).prefill);
  EXPECT_THAT(picked, ::testing::ElementsAre(0, 2, 3, 0, 1, 2, 3, 0));
}

}  // namespace
}  // namespace loci::cluster
