#include "sim/oracle_cache.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "bench/random.h"

namespace loci::sim {
namespace {

std::vector<BlockKey> keys(std::initializer_list<std::uint64_t> numbers) {
  std::vector<BlockKey> out;
  for (const std::uint64_t number : numbers) out.push_back({number, number});
  return out;
}

TEST(OracleCache, KeepsWhatIsAskedForSoonest) {
  OracleCache cache;
  for (const std::uint64_t block : {1u, 2u, 3u, 1u, 2u, 3u}) cache.asked(keys({block}));
  EXPECT_EQ(cache.hits(0), 0u);
  EXPECT_EQ(cache.hits(1), 1u) << "least recently used would have none";
  EXPECT_EQ(cache.hits(2), 2u);
  EXPECT_EQ(cache.hits(3), 3u);
}

TEST(OracleCache, AnswersAreFoundByTheNextTurn) {
  OracleCache cache;
  cache.asked(keys({1, 2}));
  cache.computed(keys({1, 2, 3, 4}));
  cache.asked(keys({1, 2, 3, 4, 5}));
  EXPECT_EQ(cache.hits(100), 4u);
  EXPECT_EQ(cache.hits(2), 2u);
}

/// The most hits by trying everything: after each use any part of what is there may be kept.
std::uint64_t best(const std::vector<std::uint64_t>& uses, std::size_t capacity) {
  std::map<std::vector<std::uint64_t>, std::uint64_t> states{{{}, 0}};
  for (const std::uint64_t block : uses) {
    std::map<std::vector<std::uint64_t>, std::uint64_t> after;
    for (const auto& [state, hits] : states) {
      const bool hit = std::ranges::find(state, block) != state.end();
      std::vector<std::uint64_t> all = state;
      if (!hit) all.push_back(block);
      for (unsigned mask = 0; mask < 1u << all.size(); ++mask) {
        std::vector<std::uint64_t> kept;
        for (std::size_t i = 0; i < all.size(); ++i)
          if ((mask >> i & 1u) != 0) kept.push_back(all[i]);
        if (kept.size() > capacity) continue;
        std::ranges::sort(kept);
        auto& most = after[kept];
        most = std::max(most, hits + hit);
      }
    }
    states = std::move(after);
  }
  std::uint64_t most = 0;
  for (const auto& [state, hits] : states) most = std::max(most, hits);
  return most;
}

TEST(OracleCache, NoOtherCacheOfItsSizeFindsMore) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    bench::Draws draws(seed);
    std::vector<std::uint64_t> uses;
    OracleCache cache;
    for (int i = 0; i < 12; ++i) {
      uses.push_back(draws.below(5));
      cache.asked(keys({uses.back()}));
    }
    for (const std::size_t capacity : {1u, 2u, 3u})
      EXPECT_EQ(cache.hits(capacity), best(uses, capacity)) << seed;
  }
}

}  // namespace
}  // namespace loci::sim
