#include <gtest/gtest.h>
#include <set>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(LeastConnections, CountsWhatRunsAndWaitsByWeight) {
  Fleet fleet(3);
  fleet[0].running = 4;
  fleet[1].running = 1, fleet[1].waiting = 2;
  fleet[2].running = 5, fleet[2].weight = 2;
  const auto router = *make_router("least-connections");
  EXPECT_EQ(fleet.route(*router, {}, 0.9).prefill, 2);
  fleet[2].weight = 1;
  EXPECT_EQ(fleet.route(*router, {}, 0.9).prefill, 1);
}

TEST(LeastConnections, TiesGoToTheDraw) {
  const Fleet fleet(4);
  const auto router = *make_router("least-connections");
  std::set<int> picked;
  for (const double draw : {0.0, 0.3, 0.6, 0.9}) picked.insert(fleet.route(*router, {}, draw).prefill);
  EXPECT_EQ(picked.size(), 4u);
}

}  // namespace
}  // namespace loci::cluster
