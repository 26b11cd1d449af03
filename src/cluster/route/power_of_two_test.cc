#include <gtest/gtest.h>
#include <map>

#include "cluster/testing/fleet.h"
#include "cluster/testing/property.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

// Whatever is drawn, one that has more than every other is never picked.
TEST(PowerOfTwo, NeverPicksTheWorseOfTwo) {
  expect_property([] {
    const int size = *rc::gen::inRange(2, 20);
    Fleet fleet(size);
    for (ReplicaView& replica : fleet.replicas) replica.running = *rc::gen::inRange(0, 50);
    const int worst = *rc::gen::inRange(0, size);
    fleet[worst].running = 51;
    const auto router = *make_router("power-of-two");
    RC_ASSERT(fleet.route(*router, {}, *any_draw()).prefill != worst);
  });
}

// With loads that are all different the replica of rank r wins the pairs with those above it.
TEST(PowerOfTwo, DrawsEveryPairEquallyOften) {
  constexpr int kSize = 5, kDraws = 20 * 50;
  Fleet fleet(kSize);
  for (int i = 0; i < kSize; ++i) fleet[i].running = i;
  const auto router = *make_router("power-of-two");
  std::map<int, int> picked;
  for (int i = 0; i < kDraws; ++i) ++picked[fleet.route(*router, {}, (i + 0.5) / kDraws).prefill];
  for (int i = 0; i < kSize; ++i) EXPECT_EQ(picked[i], 2 * (kSize - 1 - i) * kDraws / 20) << i;
}

}  // namespace
}  // namespace loci::cluster
