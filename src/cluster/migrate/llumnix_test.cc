#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/migrate/migrate.h"
#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Migration> decide(const Fleet& fleet, const std::vector<RunningRequest>& running) {
  return (*find_migration_policy("llumnix"))->decide({fleet.replicas, running}, {});
}

TEST(Llumnix, TheFullestGivesToTheEmptiestTheLeastUrgentAndShortest) {
  Fleet fleet(4);
  fleet[0].free_kv_blocks = 4, fleet[0].running = 4;  // 16 steps
  fleet[1].free_kv_blocks = 1, fleet[1].running = 4;  // 4 steps
  fleet[2].running = 10;
  fleet[3].running = 20;
  const std::vector<RunningRequest> running{
      {.id = RequestId(1), .replica = 0, .kv_tokens = 900},
      {.id = RequestId(2), .replica = 0, .kv_tokens = 100},
      {.id = RequestId(3), .replica = 1, .kv_tokens = 100, .priority = 0},
      {.id = RequestId(4), .replica = 1, .kv_tokens = 900, .priority = 5},
  };
  EXPECT_THAT(decide(fleet, running),
              ElementsAre(Migration{RequestId(4), 1, 2}, Migration{RequestId(2), 0, 3}));
}

TEST(Llumnix, ADrainingReplicaEmptiesStepByStep) {
  Fleet fleet(2);
  fleet[0].state = ReplicaState::kDraining;
  std::vector<RunningRequest> running{{.id = RequestId(1), .replica = 0, .kv_tokens = 10},
                                      {.id = RequestId(2), .replica = 0, .kv_tokens = 20}};
  EXPECT_THAT(decide(fleet, running), ElementsAre(Migration{RequestId(1), 0, 1}));
  running[0].replica = 1;
  EXPECT_THAT(decide(fleet, running), ElementsAre(Migration{RequestId(2), 0, 1}));
  running[1].replica = 1;
  EXPECT_THAT(decide(fleet, running), IsEmpty());
}

TEST(Llumnix, NobodyMovesBetweenReplicasThatAreAlike) {
  Fleet fleet(2);
  for (ReplicaView& replica : fleet.replicas) replica.free_kv_blocks = 3, replica.running = 4;
  const std::vector<RunningRequest> running{{.id = RequestId(1), .replica = 0, .kv_tokens = 10}};
  EXPECT_THAT(decide(fleet, running), IsEmpty()) << "both are short";
  for (ReplicaView& replica : fleet.replicas) replica.free_kv_blocks = 5000;
  EXPECT_THAT(decide(fleet, running), IsEmpty()) << "both have enough";
}

}  // namespace
}  // namespace loci::cluster
