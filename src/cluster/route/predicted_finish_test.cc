#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(PredictedFinish, ShortAndLongAnswersGoToDifferentReplicas) {
  Fleet fleet(2);
  fleet[0].cost = {5e-3, 1e-3, 0, 0};  // quick steps, slow prompts
  fleet[1].cost = {20e-3, 1e-5, 0, 0};
  const auto router = *make_router("predicted-finish");
  const auto keys = prompt_keys(1, 50);  // 800 tokens: 0.8 s there, 28 ms here
  EXPECT_EQ(fleet.route(*router, request_of(keys, 10)).prefill, 1);
  EXPECT_EQ(fleet.route(*router, request_of(keys, 1000)).prefill, 0);
}

}  // namespace
}  // namespace loci::cluster
