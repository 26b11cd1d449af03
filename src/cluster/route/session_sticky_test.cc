#include <gtest/gtest.h>
#include <set>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

RouteRequest of_session(std::uint64_t session) {
  RouteRequest request;
  request.session = session;
  return request;
}

TEST(SessionSticky, StaysWhenReplicasJoin) {
  Fleet fleet(4);
  const auto router = *make_router("session-sticky");
  std::vector<int> before;
  for (std::uint64_t s = 1; s <= 100; ++s) before.push_back(fleet.route(*router, of_session(s)).prefill);
  EXPECT_EQ(std::set<int>(before.begin(), before.end()).size(), 4u);
  for (int id = 4; id < 8; ++id) fleet.replicas.push_back(idle_replica(id));
  std::set<int> of_new;
  for (std::uint64_t s = 1; s <= 100; ++s) {
    EXPECT_EQ(fleet.route(*router, of_session(s)).prefill, before[s - 1]);
    of_new.insert(fleet.route(*router, of_session(s + 1000)).prefill);
  }
  EXPECT_EQ(of_new.size(), 8u) << "new sessions go to all";
}

TEST(SessionSticky, MovesWhereMemoryIsShortAndStaysThere) {
  Fleet fleet(4);
  const auto router = *make_router("session-sticky", {.memory_watermark = 0.9});
  const int home = fleet.route(*router, of_session(5)).prefill;
  fleet[home].free_kv_blocks = fleet[home].kv_blocks / 20;  // 95 % are held
  const int refuge = fleet.route(*router, of_session(5)).prefill;
  EXPECT_NE(refuge, home);
  fleet[home].free_kv_blocks = fleet[home].kv_blocks;
  EXPECT_EQ(fleet.route(*router, of_session(5)).prefill, refuge);
  // Where nobody has room there is no reason to leave.
  for (ReplicaView& replica : fleet.replicas) replica.free_kv_blocks = 0;
  EXPECT_EQ(fleet.route(*router, of_session(5)).prefill, refuge);
  fleet[refuge].state = ReplicaState::kDown;
  EXPECT_NE(fleet.route(*router, of_session(5)).prefill, refuge);
}

TEST(SessionSticky, ForgottenSessionsGoWhereTheRingSays) {
  Fleet fleet(4);
  const auto router = *make_router("session-sticky", {.max_remembered = 2});
  const int home = fleet.route(*router, of_session(1)).prefill;
  fleet[home].state = ReplicaState::kDown;
  const int refuge = fleet.route(*router, of_session(1)).prefill;
  fleet[home].state = ReplicaState::kReady;
  EXPECT_EQ(fleet.route(*router, of_session(1)).prefill, refuge);
  for (std::uint64_t s = 2; s < 5; ++s) fleet.route(*router, of_session(s));
  EXPECT_EQ(fleet.route(*router, of_session(1)).prefill, home);
}

}  // namespace
}  // namespace loci::cluster
