#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/migrate/migrate.h"
#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// 0 is prefill-heavy, 1 and 2 are decode-heavy, each with memory of 1,000 blocks.
struct Scene {
  Fleet fleet{3};
  std::vector<RunningRequest> running;
  TransferCost transfer{};

  Scene() {
    fleet[0].role = ReplicaRole::kPrefill;
    fleet[1].role = fleet[2].role = ReplicaRole::kDecode;
    for (ReplicaView& replica : fleet.replicas) replica.kv_blocks = 1000, replica.free_kv_blocks = 500;
  }
  /// 50 blocks of KV.
  void add(int id, int replica, int generated, double tpot, double slo = 0.05) {
    running.push_back({RequestId(id), replica, 800, generated, tpot, slo, 0});
    ++fleet[replica].running;
  }
  std::vector<Migration> decide(const MigrationOptions& options = {}) const {
    return (*find_migration_policy("flowing-decode"))->decide({fleet.replicas, running, transfer}, options);
  }
};

TEST(FlowingDecode, AFullReplicaGivesAwayThoseWithTheMostSlack) {
  Scene scene;
  scene.fleet[1].free_kv_blocks = 30;  // 97 % held, above 90 %
  scene.add(1, 1, 100, 0.03);          // 2 s ahead
  scene.add(2, 1, 400, 0.03);          // 8 s ahead
  scene.add(3, 1, 300, 0.03);          // 6 s ahead
  scene.add(4, 2, 900, 0.01);          // on one that is not full
  EXPECT_THAT(scene.decide(), ElementsAre(Migration{RequestId(2), 1, 0}, Migration{RequestId(3), 1, 0}))
      << "two of 50 blocks bring it below";
  scene.fleet[1].free_kv_blocks = 101;
  EXPECT_THAT(scene.decide(), IsEmpty());
}

TEST(FlowingDecode, WhoHasNoSlackStays) {
  Scene scene;
  scene.fleet[1].free_kv_blocks = 30;
  scene.add(1, 1, 100, 0.05);   // none
  scene.add(2, 1, 100, 0.047);  // would return at once
  scene.add(3, 1, 10, 0.04);    // 0.1 s ahead
  EXPECT_THAT(scene.decide(), ElementsAre(Migration{RequestId(3), 1, 0}));
  scene.transfer = {.latency = 0, .bytes_per_second = 1e9, .bytes_per_token = 2e5};  // 0.16 s on the way
  EXPECT_THAT(scene.decide(), IsEmpty());
  scene.add(4, 1, 10, 0.4, 0);  // asked for nothing
  EXPECT_THAT(scene.decide(), ElementsAre(Migration{RequestId(4), 1, 0}));
}

TEST(FlowingDecode, NobodyGoesWhereThereIsNoMemory) {
  Scene scene;
  scene.fleet[1].free_kv_blocks = 30;
  scene.fleet[0].free_kv_blocks = 140;
  scene.add(1, 1, 100, 0.01);
  EXPECT_THAT(scene.decide(), IsEmpty()) << "50 of 140 blocks would leave less than a tenth";
}

TEST(FlowingDecode, WhoNearsItsSloReturnsToTheRoomiest) {
  Scene scene;
  scene.fleet[2].free_kv_blocks = 600;
  scene.add(1, 0, 100, 0.044);
  scene.add(2, 0, 100, 0.046);
  scene.add(3, 0, 100, 0.2, 0);
  EXPECT_THAT(scene.decide(), ElementsAre(Migration{RequestId(2), 0, 2}));
  EXPECT_THAT(scene.decide({.return_share = 0.8}),
              ElementsAre(Migration{RequestId(2), 0, 2}, Migration{RequestId(1), 0, 2}));
  EXPECT_THAT(scene.decide({.tpot_slo = 0.1}),
              ElementsAre(Migration{RequestId(3), 0, 2}, Migration{RequestId(2), 0, 2}))
      << "the one that is furthest behind first";
}

}  // namespace
}  // namespace loci::cluster
