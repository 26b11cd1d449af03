// What routing costs: no allocation for the routers that remember nothing of a request, and so many
// microseconds among 64 replicas that hold millions of blocks (printed by `make soak`; a test asserts no
// time).
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>

#include "cluster/testing/fleet.h"
#include "testing/count_allocations.h"
#include "testing/soak.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

/// 64 replicas, each with `blocks` blocks of which three quarters are prompts that four of them share.
Fleet busy(int blocks) {
  Fleet fleet(64);
  std::mt19937 random(1);
  for (ReplicaView& replica : fleet.replicas) {
    replica.running = static_cast<int>(random() % 60);
    replica.prefill_tokens = static_cast<double>(random() % 5000);
    replica.output_tokens = replica.running * 100.0;
    replica.kv_tokens = replica.running * 1000.0;
    replica.free_kv_blocks -= static_cast<int>(random() % 8000);
    for (int i = 0; i < blocks / 100; ++i) {
      const auto prompt = static_cast<std::uint64_t>(i * 100 + (i % 4 == 0 ? replica.id : replica.id / 4));
      fleet.cache(replica.id, prompt_keys(prompt, 100));
    }
  }
  return fleet;
}

TEST(RouterCost, SteadyRoutingAllocatesNothing) {
  Fleet fleet = busy(200);
  const auto keys = prompt_keys(0, 100);
  for (const RouterEntry& entry : routers()) {
    const auto router = *make_router(entry.name);
    RouteRequest request = request_of(keys);
    request.session = 5;
    const auto ask = [&] {
      for (int i = 0; i < 10; ++i) fleet.route(*router, request, i / 10.0);
    };
    ask();
    const auto before = ::loci::testing::allocations.load();
    ask();
    EXPECT_EQ(::loci::testing::allocations.load(), before) << entry.name;
  }
}

TEST(RouterCost, OfEachRouterAmongManyBlocks) {
  const int blocks = ::loci::testing::rounds(200, 100000), rounds = ::loci::testing::rounds(10, 20000);
  const Fleet fleet = busy(blocks);
  std::vector<std::vector<BlockKey>> prompts;
  for (std::uint64_t i = 0; i < 1000; ++i) prompts.push_back(prompt_keys(i * 7 % 1000 * 100 + i % 16, 100));
  std::printf("%.1f M holdings, %.0f MB of directory\n", blocks * 64 / 1e6,
              static_cast<double>(fleet.directory.bytes()) / 1e6);
  for (const RouterEntry& entry : routers()) {
    const auto router = *make_router(entry.name);
    int picked = 0;
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i)
      picked += fleet
                    .route(*router, request_of(prompts[static_cast<std::size_t>(i) % prompts.size()]),
                           (i % 97) / 97.0)
                    .prefill;
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
    EXPECT_GE(picked, 0);
    std::printf("%-22s %6.2f us\n", std::string(entry.name).c_str(), took.count() / rounds);
  }
}

}  // namespace
}  // namespace loci::cluster
