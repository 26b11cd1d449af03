#include "cluster/freeness.h"

#include <gtest/gtest.h>
#include <limits>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(Freeness, IsStepsUntilMemoryIsShort) {
  ReplicaView replica = idle_replica(0);
  replica.kv_blocks = 1000, replica.free_kv_blocks = 100, replica.running = 4;
  EXPECT_EQ(freeness(replica, 0), 100 * 16 / 4);
  replica.head_blocks = 120;  // more than there is: negative, so that others are preferred the more it waits
  EXPECT_EQ(freeness(replica, 0), -20 * 16 / 4);
  replica.head_blocks = 0;
  EXPECT_EQ(freeness(replica, 0.05), 400) << "headroom only for those of high priority";
  replica.priority_running = 1;
  EXPECT_EQ(freeness(replica, 0.05), 50 * 16 / 4);
  replica.running = replica.priority_running = 0;
  EXPECT_EQ(freeness(replica, 0), 1600);
}

TEST(Freeness, ADrainingReplicaHasNone) {
  ReplicaView replica = idle_replica(0);
  replica.state = ReplicaState::kDraining;
  EXPECT_EQ(freeness(replica, 0), std::numeric_limits<double>::lowest());
}

}  // namespace
}  // namespace loci::cluster
