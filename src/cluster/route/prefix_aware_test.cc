#include <gtest/gtest.h>
#include <map>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(PrefixAware, WeighsAMatchAgainstLoad) {
  Fleet fleet(2);
  const auto keys = prompt_keys(1, 100);
  fleet.cache(0, keys);
  const auto router = *make_router("prefix-aware");
  const auto picked = [&] { return fleet.route(*router, request_of(keys)).prefill; };
  EXPECT_EQ(fleet.route(*router, request_of(keys)).cached_tokens, 1600);
  // The match saves 100 blocks of prompt: it is worth 99 blocks held and not 101.
  fleet[0].free_kv_blocks -= 99;
  EXPECT_EQ(picked(), 0);
  fleet[0].free_kv_blocks -= 2;
  EXPECT_EQ(picked(), 1);
  fleet[1].prefill_tokens = 16 * 10;  // ten blocks of prompts are queued there
  EXPECT_EQ(picked(), 0);
  const auto eager = *make_router("prefix-aware", {.prefill_weight = 0.5});
  EXPECT_EQ(fleet.route(*eager, request_of(keys)).prefill, 1);
}

TEST(PrefixAware, TemperatureDrawsByCost) {
  Fleet fleet(3);
  fleet[0].free_kv_blocks -= 100, fleet[1].free_kv_blocks -= 50;  // costs 1, 0.5 and 0 when scaled
  const auto router = *make_router("prefix-aware", {.temperature = 0.5});
  std::map<int, double> share;
  for (int i = 0; i < 1000; ++i) share[fleet.route(*router, {}, (i + 0.5) / 1000).prefill] += 1e-3;
  const double sum = std::exp(-2) + std::exp(-1) + 1;
  EXPECT_NEAR(share[0], std::exp(-2) / sum, 2e-3);
  EXPECT_NEAR(share[1], std::exp(-1) / sum, 2e-3);
  EXPECT_NEAR(share[2], 1 / sum, 2e-3);
}

}  // namespace
}  // namespace loci::cluster
