#include "cluster/assumed_prefixes.h"

#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

Time at(double s) {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s)));
}

TEST(AssumedPrefixes, BelievesWhatWasRoutedForAWhile) {
  AssumedPrefixes assumed(100, 10);
  const auto keys = prompt_keys(1, 20), other = prompt_keys(2, 20);
  assumed.routed(3, keys, at(0));
  assumed.routed(3, other, at(5));
  EXPECT_EQ(assumed.at(at(9)).match(3, keys), 20);
  EXPECT_EQ(assumed.at(at(9)).match(2, keys), 0);
  assumed.routed(3, std::span(keys).first(8), at(9));  // these live on
  EXPECT_EQ(assumed.at(at(12)).match(3, keys), 8);
  EXPECT_EQ(assumed.at(at(12)).match(3, other), 20);
  assumed.forget(3);
  EXPECT_EQ(assumed.at(at(12)).match(3, other), 0);
  EXPECT_EQ(assumed.at(at(12)).blocks(3), 0u);
}

TEST(AssumedPrefixes, OfTooManyTheLeastRecentGoesItsEndFirst) {
  AssumedPrefixes assumed(50, 1e6);
  const auto keys = prompt_keys(1, 30), other = prompt_keys(2, 30);
  assumed.routed(0, keys, at(0));
  assumed.routed(0, other, at(1));
  EXPECT_EQ(assumed.at(at(1)).match(0, keys), 20);
  EXPECT_EQ(assumed.at(at(1)).match(0, other), 30);
  const auto huge = prompt_keys(3, 200);  // what is longer than all that is remembered: its beginning
  assumed.routed(0, huge, at(2));
  EXPECT_EQ(assumed.at(at(2)).match(0, huge), 50);
  EXPECT_EQ(assumed.at(at(2)).blocks(0), 50u);
}

// A router whose owner has no directory goes by what it routed.
TEST(AssumedPrefixes, ServeRoutersWithoutADirectory) {
  Fleet fleet(8);
  const auto keys = prompt_keys(1, 50);
  const auto ask = [&](Router& router, double draw, double now) {
    RouteView view = fleet.view(draw);
    view.directory = nullptr;
    return router.route(request_of(keys), view, at(now)).value();
  };
  const auto router = *make_router("prefix-aware", {.assumed_blocks = 1000, .assumed_seconds = 60});
  const int first = ask(*router, 0.3, 0).prefill;
  const RouteDecision again = ask(*router, 0.8, 1);
  EXPECT_EQ(again.prefill, first);
  EXPECT_EQ(again.cached_tokens, 800);
  const RouteDecision later = ask(*router, 0.8, 100);
  EXPECT_EQ(later.cached_tokens, 0) << "too long ago";
  fleet[later.prefill].state = ReplicaState::kDown;
  const RouteDecision elsewhere = ask(*router, 0.3, 101);
  EXPECT_EQ(elsewhere.cached_tokens, 0);
  fleet[later.prefill].state = ReplicaState::kReady;
  fleet[elsewhere.prefill].state = ReplicaState::kDraining;
  EXPECT_EQ(ask(*router, 0.3, 102).cached_tokens, 0) << "what was there is lost";
  const auto without = *make_router("prefix-aware");
  ask(*without, 0.3, 0);
  EXPECT_EQ(ask(*without, 0.3, 1).cached_tokens, 0);
}

}  // namespace
}  // namespace loci::cluster
