// The map of block keys and the queue of ranks, beside those of the standard library.
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "memory/key_map.h"
#include "memory/rank_heap.h"
#include "testing/soak.h"

namespace loci {
namespace {

TEST(KeyMap, AgreesWithAMapUnderRandomOperations) {
  std::mt19937 random(1);
  KeyMap<int> map;
  std::map<std::uint64_t, int> expected;
  for (int i = 0, steps = testing::rounds(200000, 20000000); i < steps; ++i) {
    // Few homes, so that keys collide and move when others go.
    const BlockKey key{random() % 50, random() % 7};
    const std::uint64_t name = key.high * 7 + key.low;
    if (random() % 2 == 0) {
      EXPECT_EQ(map.insert(key, i), expected.emplace(name, i).second);
    } else {
      EXPECT_EQ(map.erase(key), expected.erase(name) == 1);
    }
    const BlockKey other{random() % 50, random() % 7};
    const auto where = expected.find(other.high * 7 + other.low);
    const int* found = map.find(other);
    ASSERT_EQ(found != nullptr, where != expected.end());
    if (found != nullptr) {
      ASSERT_EQ(*found, where->second);
    }
    ASSERT_EQ(map.size(), expected.size());
  }
}

TEST(RankHeap, GivesTheLowestRankThenTheDeepestAndLetsAnyoneGo) {
  std::mt19937 random(2);
  RankHeap heap;
  std::set<std::tuple<double, int, std::uint32_t>> expected;  // rank, -depth, entry
  std::map<std::uint32_t, std::tuple<double, int, std::uint32_t>> of;
  for (int i = 0, steps = testing::rounds(200000, 20000000); i < steps; ++i) {
    const std::uint32_t entry = random() % 64;
    if (heap.contains(entry)) {
      heap.remove(entry);
      expected.erase(of.at(entry));
    } else {
      const double rank = random() % 5;
      const int depth = static_cast<int>(random() % 4);
      heap.push(entry, rank, depth);
      of[entry] = {rank, -depth, entry};
      expected.insert(of[entry]);
    }
    heap.remove(1000);  // not there: nothing happens
    ASSERT_EQ(heap.size(), static_cast<int>(expected.size()));
    ASSERT_EQ(heap.empty(), expected.empty());
    if (!heap.empty()) {
      ASSERT_EQ(heap.top(), std::get<2>(*expected.begin()));
    }
  }
}

}  // namespace
}  // namespace loci
