#include "cluster/hash_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"
#include "cluster/testing/property.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

constexpr int kKeys = 20000;

std::vector<int> owners(const HashRing& ring, const std::vector<ReplicaView>& replicas) {
  std::vector<int> of;
  for (int key = 0; key < kKeys; ++key)
    of.push_back(ring.owner(mix(static_cast<std::uint64_t>(key)),
                            [&](int id) { return replicas[static_cast<std::size_t>(id)].takes_requests(); }));
  return of;
}

TEST(HashRing, ArcsAreEvenAndGoByWeight) {
  Fleet fleet(16);
  fleet[3].weight = 3;
  HashRing ring(1, 200);
  ring.follow(fleet.replicas);
  EXPECT_EQ(ring.points(), 18u * 200);
  std::vector<int> keys(16);
  for (const int owner : owners(ring, fleet.replicas)) ++keys.at(static_cast<std::size_t>(owner));
  for (int id = 0; id < 16; ++id) {
    const double fair = kKeys / 18.0 * fleet[id].weight;
    EXPECT_NEAR(keys[static_cast<std::size_t>(id)], fair, 0.25 * fair) << id;
  }
}

// One more of n replicas takes about a share of 1 / (n + 1), all of it for itself; one less gives its share
// away, and nobody else's keys move.
TEST(HashRing, ComingAndGoingRemapsItsArcsAlone) {
  Fleet fleet(16);
  HashRing ring(1, 200);
  ring.follow(fleet.replicas);
  const auto before = owners(ring, fleet.replicas);
  fleet.replicas.push_back(idle_replica(16));
  ring.follow(fleet.replicas);
  const auto more = owners(ring, fleet.replicas);
  int moved = 0;
  for (std::size_t i = 0; i < kKeys; ++i) {
    if (before[i] == more[i]) continue;
    ++moved;
    ASSERT_EQ(more[i], 16);
  }
  EXPECT_NEAR(moved, kKeys / 17.0, 0.25 * kKeys / 17);
  for (const auto away : {ReplicaState::kDown, ReplicaState::kDraining}) {
    fleet[16].state = away;
    ring.follow(fleet.replicas);
    EXPECT_EQ(owners(ring, fleet.replicas), before);
  }
}

TEST(HashRing, IsTheSameWhateverItWasBefore) {
  expect_property([] {
    const auto weights = *rc::gen::container<std::vector<double>>(
        *rc::gen::inRange(1, 8), rc::gen::element(0.0, 0.5, 1.0, 2.0, 1e9, std::nan("")));
    Fleet fleet(static_cast<int>(weights.size()));
    HashRing changed(7, 10), fresh(7, 10);
    changed.follow(fleet.replicas);
    for (std::size_t i = 0; i < weights.size(); ++i) fleet.replicas[i].weight = weights[i];
    changed.follow(fleet.replicas);
    fresh.follow(fleet.replicas);
    RC_ASSERT(changed.points() == fresh.points());
    const auto key = *rc::gen::arbitrary<std::uint64_t>();
    const int refused = *rc::gen::inRange(0, 8);
    const auto accept = [&](int id) { return id != refused; };
    RC_ASSERT(changed.owner(key, accept) == fresh.owner(key, accept));
  });
}

TEST(HashRing, NobodyToOwnIsNobody) {
  const HashRing empty(1, 100);
  EXPECT_EQ(empty.owner(5, [](int) { return true; }), -1);
  HashRing ring(1, 100);
  ring.follow(Fleet(3).replicas);
  EXPECT_EQ(ring.owner(5, [](int) { return false; }), -1);
}

}  // namespace
}  // namespace loci::cluster
