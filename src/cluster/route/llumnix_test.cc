#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(LlumnixRouter, GoesWhereMemoryLastsLongest) {
  Fleet fleet(3);
  fleet[0].running = 2, fleet[0].free_kv_blocks = 400;                              // 200 blocks each
  fleet[1].running = 10, fleet[1].free_kv_blocks = 1500;                            // 150 each
  fleet[2].running = 2, fleet[2].free_kv_blocks = 600, fleet[2].head_blocks = 250;  // 175 each
  const auto router = *make_router("llumnix");
  EXPECT_EQ(fleet.route(*router, {}).prefill, 0);
  fleet[0].head_blocks = 100;  // somebody waits there for them
  EXPECT_EQ(fleet.route(*router, {}).prefill, 2);
}

}  // namespace
}  // namespace loci::cluster
