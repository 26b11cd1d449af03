#include "sim/swarm.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace loci::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSeeds = 500;
#else
constexpr std::uint64_t kSeeds = 5000;
#endif
constexpr std::uint64_t kTwiceEvery = 4;

TEST(Swarm, NoSeedBreaksWhatMustHold) {
  const std::uint64_t seeds = std::getenv("LOCI_SOAK") != nullptr ? 50 * kSeeds : kSeeds;
  for (std::uint64_t seed = 0; seed < seeds; ++seed)
    ASSERT_THAT(check_seed(seed, seed % kTwiceEvery == 0), ::testing::IsEmpty());
}

// Room for KV that arrives was made by sending cached blocks to the host tier, but they were filled before
// they had been copied.
TEST(Swarm, FoundArrivingKvInBlocksThatWereStillToBeCopied) {
  EXPECT_THAT(check_seed(236, true), ::testing::IsEmpty());
}

TEST(Swarm, MeetsEveryRouterEveryFaultAndEveryRole) {
  std::set<std::string> routers, faults;
  std::set<cluster::ReplicaRole> roles;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Scenario scenario = swarm_scenario(seed);
    routers.insert(scenario.fleet.router);
    for (const FaultSpec& fault : scenario.faults) faults.insert(fault.kind);
    for (const FleetOptions::Member& member : scenario.fleet.members) roles.insert(member.role);
  }
  EXPECT_EQ(routers.size(), cluster::routers().size());
  EXPECT_EQ(faults.size(), fault_kinds().size());
  EXPECT_EQ(roles.size(), 3u);
}

}  // namespace
}  // namespace loci::sim
