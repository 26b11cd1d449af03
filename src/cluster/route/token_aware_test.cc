#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(TokenAware, FewLongRequestsAreMoreThanManyShortOnes) {
  Fleet fleet(2);
  fleet[0].running = 2, fleet[0].output_tokens = 4000;
  fleet[1].running = 10, fleet[1].output_tokens = 100;
  const auto router = *make_router("token-aware");
  EXPECT_EQ(fleet.route(*router, {}).prefill, 1);
  EXPECT_EQ(fleet.route(**make_router("least-connections"), {}).prefill, 0);
}

TEST(TokenAware, CountsPromptsAndWhatIsCachedOfThisOne) {
  Fleet fleet(2);
  const auto keys = prompt_keys(1, 100);
  fleet.cache(1, keys);
  fleet[1].prefill_tokens = 1000;
  const auto router = *make_router("token-aware");
  EXPECT_EQ(fleet.route(*router, request_of(keys)).prefill, 1);
  EXPECT_EQ(fleet.route(*router, request_of(prompt_keys(2, 100))).prefill, 0);
}

TEST(TokenAware, AFasterReplicaTakesMore) {
  Fleet fleet(2);
  for (double& coefficient : fleet[0].cost) coefficient /= 3;
  fleet[0].running = 4, fleet[0].output_tokens = 800;
  fleet[1].running = 4, fleet[1].output_tokens = 400;
  EXPECT_EQ(fleet.route(**make_router("token-aware"), {}).prefill, 0);
}

}  // namespace
}  // namespace loci::cluster
