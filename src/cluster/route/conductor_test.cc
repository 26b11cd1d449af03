#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

/// 0 and 1 for prompts, 2 and 3 for single tokens; a second for a prompt of 10,000 tokens.
struct Scene {
  Fleet fleet{4};
  std::vector<BlockKey> keys = prompt_keys(1, 625);

  Scene() {
    fleet[0].role = fleet[1].role = ReplicaRole::kPrefill;
    fleet[2].role = fleet[3].role = ReplicaRole::kDecode;
  }
  std::expected<RouteDecision, NoRoute> ask(RouterOptions options, double ttft_slo = 0, double tpot_slo = 0) {
    RouteRequest request = request_of(keys);
    request.ttft_slo = ttft_slo, request.tpot_slo = tpot_slo;
    return (*make_router("conductor", options))->route(request, fleet.view(), Time{});
  }
};

TEST(Conductor, PrefillsWhereQueueAndWhatIsNotCachedTakeLeast) {
  Scene scene;
  scene.fleet.cache(1, std::span(scene.keys).first(300));
  scene.fleet[1].prefill_tokens = 4000;
  EXPECT_EQ(scene.ask({})->prefill, 1);
  scene.fleet[1].prefill_tokens = 6000;
  EXPECT_EQ(scene.ask({})->prefill, 0);
}

TEST(Conductor, PullsALongerPrefixWhereThatIsFaster) {
  Scene scene;
  scene.fleet.cache(1, std::span(scene.keys).first(500));
  scene.fleet[1].prefill_tokens = 20000;  // two seconds of queue
  scene.fleet.transfer = {
      .latency = 1e-3, .bytes_per_second = 1e9, .bytes_per_token = 1e4};  // 80 ms for 8,000
  RouteDecision decision = *scene.ask({.fetch_prefixes = true});
  EXPECT_EQ(decision.prefill, 0);
  EXPECT_EQ(decision.fetch_from, 1);
  EXPECT_EQ(decision.fetch_tokens, 8000);
  EXPECT_LT(decision.ttft, 0.4);
  EXPECT_EQ(scene.ask({})->fetch_from, -1) << "who applies it cannot pull";
  scene.fleet.transfer.bytes_per_second = 5e7;  // 1.6 s: computing is faster
  EXPECT_EQ(scene.ask({.fetch_prefixes = true})->fetch_from, -1);
  scene.fleet.transfer.bytes_per_second = 1e9;
  scene.fleet.cache(0, std::span(scene.keys).first(400));  // 500 is not 1.5 times as much
  EXPECT_EQ(scene.ask({.fetch_prefixes = true})->fetch_from, -1);
}

TEST(Conductor, DecodesWhereTheStepWillBeShortest) {
  Scene scene;
  scene.fleet[2].running = 20, scene.fleet[2].output_tokens = 20 * 500;
  scene.fleet[3].running = 30, scene.fleet[3].output_tokens = 30;  // all but done when the prompt is
  EXPECT_EQ(scene.ask({})->decode, 3);
}

TEST(Conductor, RefusesEarlyWhatWouldBeInVain) {
  Scene scene;
  EXPECT_TRUE(scene.ask({}, 2, 0.05).has_value());
  scene.fleet[0].prefill_tokens = scene.fleet[1].prefill_tokens = 15000;
  EXPECT_EQ(scene.ask({}, 2, 0.05).error(), NoRoute::kOverloaded) << "TTFT";
  EXPECT_TRUE(scene.ask({}).has_value()) << "nothing was asked for";
  scene.fleet[0].prefill_tokens = scene.fleet[1].prefill_tokens = 0;
  for (const int id : {2, 3}) {  // 10 ms + 60 * 0.08 ms + 60 * 50,000 positions at 10 ns: 45 ms
    scene.fleet[id].running = 60, scene.fleet[id].kv_tokens = 60.0 * 50000;
    scene.fleet[id].output_tokens = 60 * 10000.0;
  }
  EXPECT_EQ(scene.ask({}, 2, 0.03).error(), NoRoute::kOverloaded) << "TPOT";
  for (int id = 0; id < 4; ++id) scene.fleet[id].measured = false;
  EXPECT_TRUE(scene.ask({}, 2, 0.03).has_value()) << "the cost model's defaults refuse nobody";
  for (int id = 0; id < 4; ++id) scene.fleet[id].measured = true;
  // Load that will have ended when the prompt is computed is no reason to refuse.
  for (const int id : {2, 3}) scene.fleet[id].output_tokens = 60 * 5;
  EXPECT_TRUE(scene.ask({}, 2, 0.03).has_value());
}

}  // namespace
}  // namespace loci::cluster
