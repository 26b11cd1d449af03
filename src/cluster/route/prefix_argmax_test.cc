#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(PrefixArgmax, TheLongestMatchWinsWhateverTheLoad) {
  Fleet fleet(4);
  const auto keys = prompt_keys(1, 20);
  fleet.cache(1, keys);
  fleet.cache(2, std::span(keys).first(19));
  fleet[1].running = 1000, fleet[1].waiting = 5000;
  const auto router = *make_router("prefix-argmax");
  EXPECT_EQ(fleet.route(*router, request_of(keys)).prefill, 1);
  EXPECT_EQ(fleet.route(*router, request_of(keys)).cached_tokens, 320);
}

TEST(PrefixArgmax, OfEqualMatchesTheFewestRequests) {
  Fleet fleet(3);
  fleet[0].running = 3, fleet[1].running = 2, fleet[2].running = 4;
  const auto router = *make_router("prefix-argmax");
  EXPECT_EQ(fleet.route(*router, request_of(prompt_keys(1, 20))).prefill, 1);
}

}  // namespace
}  // namespace loci::cluster
