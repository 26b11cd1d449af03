#include "cluster/route/dual_mapping.h"

#include <gtest/gtest.h>
#include <map>
#include <numeric>

#include "cluster/testing/fleet.h"
#include "cluster/testing/property.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

std::vector<int> ids_of(const Fleet& fleet) {
  std::vector<int> ids;
  for (const ReplicaView& replica : fleet.replicas)
    if (replica.takes_requests()) ids.push_back(replica.id);
  return ids;
}

using Pair = std::array<int, 2>;

TEST(DualMapping, TwoDifferentCandidatesStableWhateverElseIsAsked) {
  expect_property([] {
    Fleet fleet(*rc::gen::inRange(2, 20));
    const auto key = *rc::gen::arbitrary<std::uint64_t>();
    const RouterOptions options{.virtual_nodes = 20};
    DualMapping mapping(options), other(options);
    const Pair pair = mapping.candidates(key, fleet.replicas, ids_of(fleet));
    RC_ASSERT(pair[0] != pair[1]);
    for (int i = 0; i < 10; ++i) {
      const auto keys = prompt_keys(static_cast<std::uint64_t>(i), 20);
      other.count(keys, 5);
      other.candidates(mix(static_cast<std::uint64_t>(i)), fleet.replicas, ids_of(fleet));
    }
    RC_ASSERT(other.candidates(key, fleet.replicas, ids_of(fleet)) == pair);
    // The loss of a third one changes nothing.
    const int lost = *rc::gen::inRange(0, static_cast<int>(fleet.replicas.size()));
    RC_PRE(lost != pair[0] && lost != pair[1]);
    fleet[lost].state = ReplicaState::kDown;
    RC_ASSERT(mapping.candidates(key, fleet.replicas, ids_of(fleet)) == pair);
  });
}

/// Share of keys one of whose candidates changes when a 17th replica comes.
double remapped(DualMapOptions::Mapping kind) {
  Fleet fleet(16);
  RouterOptions options{.virtual_nodes = 100};
  options.dualmap.mapping = kind;
  DualMapping mapping(options);
  std::vector<Pair> before;
  for (std::uint64_t key = 0; key < 5000; ++key)
    before.push_back(mapping.candidates(mix(key), fleet.replicas, ids_of(fleet)));
  fleet.replicas.push_back(idle_replica(16));
  int changed = 0;
  for (std::uint64_t key = 0; key < 5000; ++key)
    changed += mapping.candidates(mix(key), fleet.replicas, ids_of(fleet)) != before[key] ? 1 : 0;
  return changed / 5000.0;
}

TEST(DualMapping, RingsRemapTheArcsOfTheNewOneModuloNearlyAll) {
  EXPECT_NEAR(remapped(DualMapOptions::Mapping::kRing), 2.0 / 17, 0.04);
  EXPECT_GT(remapped(DualMapOptions::Mapping::kModulo), 0.9);
}

TEST(DualMapping, AHotPrefixIsExtendedUntilItSpreads) {
  constexpr int kReplicas = 16;
  const Fleet fleet(kReplicas);
  DualMapping mapping({.prefix_blocks = 4});
  // Everybody has one system prompt of 8 blocks; behind it each has its own 8.
  std::map<int, int> asked;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto keys = prompt_keys(1, 16, i % 200, 8);
    mapping.count(keys, kReplicas);
    if (i < 2000) continue;
    EXPECT_EQ(mapping.depth_of(keys), 16);
    for (const int id :
         mapping.candidates(mapping.key_of(request_of(keys), 0), fleet.replicas, ids_of(fleet)))
      ++asked[id];
  }
  EXPECT_EQ(asked.size(), std::size_t{kReplicas});
  const auto rare = prompt_keys(2, 16);
  mapping.count(rare, kReplicas);
  EXPECT_EQ(mapping.depth_of(rare), 4) << "others keep their short key";
  // When nobody asks for it any more it is no longer hot.
  for (std::uint64_t i = 0; i < 20000; ++i) mapping.count(prompt_keys(i % 500 + 10, 4), kReplicas);
  const auto again = prompt_keys(1, 16, 3, 8);
  mapping.count(again, kReplicas);
  EXPECT_EQ(mapping.depth_of(again), 4);
}

TEST(DualMapping, APromptThatIsHotAsAWholeIsSplitByTheDraw) {
  constexpr int kReplicas = 16;
  const Fleet fleet(kReplicas);
  DualMapping mapping({.prefix_blocks = 4});
  const auto keys = prompt_keys(1, 6);
  const auto places = [&] {
    std::set<int> ids;
    for (int i = 0; i < 100; ++i)
      for (const int id :
           mapping.candidates(mapping.key_of(request_of(keys), i / 100.0), fleet.replicas, ids_of(fleet)))
        ids.insert(id);
    return ids.size();
  };
  EXPECT_EQ(places(), 2u);
  for (int i = 0; i < 500; ++i) mapping.count(keys, kReplicas);
  EXPECT_GT(places(), 10u);
}

TEST(DualMapping, HotnessCanBeSwitchedOff) {
  RouterOptions options{.prefix_blocks = 4};
  options.dualmap.hot_share = 0;
  DualMapping mapping(options);
  const auto keys = prompt_keys(1, 16);
  for (int i = 0; i < 500; ++i) mapping.count(keys, 16);
  EXPECT_EQ(mapping.depth_of(keys), 4);
}

}  // namespace
}  // namespace loci::cluster
