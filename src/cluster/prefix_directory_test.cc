#include "cluster/prefix_directory.h"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "testing/soak.h"

namespace loci::cluster {
namespace {

BlockKey key(std::uint64_t n) {
  return {n * 7919, n};
}

std::vector<BlockKey> chain(std::uint64_t first, int blocks) {
  std::vector<BlockKey> keys;
  for (int i = 0; i < blocks; ++i) keys.push_back(key(first + static_cast<std::uint64_t>(i)));
  return keys;
}

KvEvent event(std::uint64_t number, KvEvent::Kind kind, std::uint64_t of = 0) {
  return {kind, number, key(of), {}, {}};
}
constexpr auto kStored = KvEvent::Kind::kStored;
constexpr auto kRemoved = KvEvent::Kind::kRemoved;

TEST(PrefixDirectory, MatchesLeadingBlocks) {
  PrefixDirectory directory;
  const auto keys = chain(100, 6);
  for (const int i : {0, 1, 2, 4}) directory.stored(3, keys[static_cast<std::size_t>(i)]);
  directory.stored(70, keys[0]);
  EXPECT_EQ(directory.match(3, keys), 3);
  EXPECT_EQ(directory.match(70, keys), 1);
  EXPECT_EQ(directory.match(2, keys), 0);
  EXPECT_EQ(directory.match(1000, keys), 0);
  EXPECT_EQ(directory.match(-1, keys), 0);
  EXPECT_EQ(directory.match(3, {}), 0);
  std::vector<int> matches(100, -1);
  directory.match_all(keys, matches);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(matches[static_cast<std::size_t>(i)], directory.match(i, keys)) << i;
}

TEST(PrefixDirectory, AgreesWithSetsUnderRandomOperations) {
  std::mt19937 random(1);
  PrefixDirectory directory;
  std::map<int, std::set<std::uint64_t>> expected;
  const auto keys = chain(0, 40);
  for (int i = 0, steps = ::loci::testing::rounds(50000, 5000000); i < steps; ++i) {
    const int replica = static_cast<int>(random() % 130);
    const std::uint64_t block = random() % 40;
    const unsigned what = random() % 1000;
    if (what == 0) {
      directory.forget(replica);
      expected[replica].clear();
    } else if (what < 600) {
      directory.stored(replica, key(block));
      expected[replica].insert(block);
    } else {
      directory.removed(replica, key(block));
      expected[replica].erase(block);
    }
    ASSERT_EQ(directory.blocks(replica), expected[replica].size());
    int match = 0;
    while (expected[replica].contains(static_cast<std::uint64_t>(match))) ++match;
    ASSERT_EQ(directory.match(replica, keys), match);
  }
}

TEST(PrefixDirectory, FollowsEventsAndForgetsWhenSomeAreMissing) {
  PrefixDirectory directory;
  const auto keys = chain(1, 3);
  const KvEvent first[] = {event(1, kStored, 1), event(2, kStored, 2), event(3, kStored, 3)};
  EXPECT_TRUE(directory.apply(0, first));
  EXPECT_TRUE(directory.apply(0, first)) << "seen already";
  EXPECT_EQ(directory.match(0, keys), 3);
  const KvEvent second[] = {event(3, kStored, 3), event(4, kRemoved, 3)};
  EXPECT_TRUE(directory.apply(0, second));
  EXPECT_EQ(directory.match(0, keys), 2);
  // Number 5 is missing: it may have removed what is recorded.
  const KvEvent third[] = {event(6, kStored, 1)};
  EXPECT_FALSE(directory.apply(0, third));
  EXPECT_EQ(directory.match(0, keys), 1);
  EXPECT_EQ(directory.last_event(0), 6u);
  const KvEvent cleared[] = {event(7, KvEvent::Kind::kCleared)};
  EXPECT_TRUE(directory.apply(0, cleared));
  EXPECT_EQ(directory.blocks(0), 0u);
  // A replica that starts anew counts from 1.
  directory.forget(0);
  EXPECT_TRUE(directory.apply(0, first));
  EXPECT_EQ(directory.match(0, keys), 3);
}

TEST(PrefixDirectory, IsBoundedWhateverAReplicaClaims) {
  PrefixDirectory directory(1000);
  for (std::uint64_t i = 0; i < 5000; ++i) directory.stored(5, key(i));
  EXPECT_EQ(directory.blocks(5), 1000u);
  EXPECT_EQ(directory.dropped(), 4000u);
  EXPECT_LE(directory.bytes(), 2048u * 24);
  directory.stored(6, key(1));
  EXPECT_EQ(directory.blocks(6), 1u) << "the others are not affected";
  directory.cleared(5);
  directory.stored(5, key(7));
  EXPECT_EQ(directory.blocks(5), 1u);
  EXPECT_LE(directory.bytes(), 64u * 24) << "memory goes back";
}

TEST(PrefixDirectory, KeysOfLittleVarietyAreKept) {
  PrefixDirectory directory;
  for (std::uint64_t i = 0; i < 2000; ++i) directory.stored(0, {i, 42});  // one home for all
  for (std::uint64_t i = 0; i < 2000; i += 2) directory.removed(0, {i, 42});
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const BlockKey one[] = {{i, 42}};
    ASSERT_EQ(directory.match(0, one), static_cast<int>(i % 2));
  }
}

}  // namespace
}  // namespace loci::cluster
