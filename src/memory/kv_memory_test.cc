// Blocks are shared, cached, given up, demoted and brought back; whoever writes has a block of his own.
#include "memory/kv_memory.h"

#include <gtest/gtest.h>
#include <numeric>

#include "base/check.h"

namespace loci {
namespace {

using std::chrono_literals::operator""s;

constexpr int kBlockTokens = 4;

std::vector<TokenId> tokens(int count, TokenId first = 1) {
  std::vector<TokenId> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), first);
  return all;
}

KeyChain chain_of(const std::vector<TokenId>& all, std::uint64_t owner = 0) {
  KeyChain chain({owner}, kBlockTokens);
  chain.extend(all);
  return chain;
}

Time at(int second) {
  return Time(std::chrono::seconds(second));
}

/// A sequence that has computed `all`.
void compute(KvMemory& memory, BlockTable& table, const std::vector<TokenId>& all, Time now = {}) {
  const int count = static_cast<int>(all.size());
  ASSERT_TRUE(memory.grow(table, count, now));
  memory.seal(table, chain_of(all), count, all, now);
}

/// Whole blocks of `all` that memory has.
int found(const KvMemory& memory, const std::vector<TokenId>& all) {
  return memory.match(chain_of(all), 1000).blocks();
}

TEST(KeyChain, TellsPrefixesOwnersAndPositionsApart) {
  const KeyChain a = chain_of(tokens(11)), b = chain_of(tokens(8));
  EXPECT_EQ(a.size(), 2) << "whole blocks alone";
  EXPECT_EQ(a[1], b[1]);
  EXPECT_NE(a[0], a[1]);
  EXPECT_NE(chain_of(tokens(8), 1)[0], b[0]);
  std::vector<TokenId> other = tokens(8);
  other[0] = 99;
  EXPECT_NE(chain_of(other)[1], b[1]) << "what precedes a block is part of its identity";
  std::vector<TokenId> twice = tokens(4);
  twice.insert(twice.end(), {1, 2, 3, 4});
  EXPECT_NE(chain_of(twice)[0], chain_of(twice)[1]);
  KeyChain growing({0}, kBlockTokens);
  for (int i = 1; i <= 11; ++i) growing.extend(tokens(i));
  EXPECT_EQ(growing[1], a[1]);
}

TEST(KvMemory, GrowsAllOrNothingAndGivesBack) {
  KvMemory memory({.blocks = 4, .block_tokens = kBlockTokens});
  {
    BlockTable first(memory), second(memory);
    EXPECT_TRUE(memory.grow(first, 9, {}));
    EXPECT_EQ(first.block_count(), 3);
    EXPECT_TRUE(memory.grow(first, 2, {})) << "never shrinks";
    EXPECT_EQ(first.block_count(), 3);
    EXPECT_FALSE(memory.grow(second, 5, {}));
    EXPECT_EQ(second.block_count(), 0);
    EXPECT_TRUE(memory.grow(second, 4, {}));
    EXPECT_EQ(memory.available(), 0);
    memory.release(first, {});
    EXPECT_EQ(memory.available(), 3);
    memory.check_invariants(std::vector<const BlockTable*>{&first, &second});
  }
  EXPECT_EQ(memory.pool().used(), 0) << "a table that dies gives its blocks back";
}

TEST(KvMemory, WhatWasComputedIsFoundAndSharedWithoutTakingMore) {
  KvMemory memory({.blocks = 8, .block_tokens = kBlockTokens});
  BlockTable first(memory), second(memory);
  compute(memory, first, tokens(10));
  EXPECT_EQ(found(memory, tokens(20)), 2) << "the third block is not whole";
  EXPECT_EQ(found(memory, tokens(20, 2)), 0);
  EXPECT_EQ(memory.match(chain_of(tokens(10), 7), 9).blocks(), 0) << "another namespace";
  EXPECT_EQ(memory.match(chain_of(tokens(10)), 1).blocks(), 1) << "not more than asked for";
  EXPECT_EQ(memory.match(chain_of(tokens(10)), 9).blocks_in_use, 2);
  memory.hold_prefix(second, chain_of(tokens(20)), 2, {});
  EXPECT_EQ(second.block(1), first.block(1));
  EXPECT_EQ(memory.pool().used(), 3);
  memory.release(first, {});
  EXPECT_EQ(memory.pool().used(), 2) << "the second one still holds them";
  memory.release(second, {});
  EXPECT_EQ(memory.pool().used(), 0);
  EXPECT_EQ(memory.pool().idle(), 2);
  EXPECT_EQ(memory.available(), 8);
  EXPECT_EQ(memory.match(chain_of(tokens(10)), 9).blocks_in_use, 0);
  EXPECT_EQ(found(memory, tokens(20)), 2) << "and it is still there";
  memory.check_invariants({});
}

TEST(KvMemory, ComputedTwiceIsKeptOnce) {
  KvMemory memory({.blocks = 8, .block_tokens = kBlockTokens});
  BlockTable first(memory), second(memory);
  ASSERT_TRUE(memory.grow(first, 8, {}));
  ASSERT_TRUE(memory.grow(second, 8, {}));
  memory.seal(first, chain_of(tokens(8)), 8, tokens(8), {});
  memory.seal(second, chain_of(tokens(8)), 4, tokens(8), {});
  EXPECT_EQ(second.block(0), first.block(0));
  EXPECT_NE(second.block(1), first.block(1));
  memory.seal(second, chain_of(tokens(8)), 8, tokens(8), {});
  EXPECT_EQ(memory.pool().used(), 2);
  EXPECT_EQ(memory.stats().merged_blocks, 2u);
  memory.check_invariants(std::vector<const BlockTable*>{&first, &second});
}

TEST(KvMemory, GivesUpTheLeastRecentlyUsedFromTheEndOfItsChain) {
  KvMemory memory({.blocks = 6, .block_tokens = kBlockTokens});
  BlockTable table(memory);
  compute(memory, table, tokens(12));
  memory.release(table, at(1));
  compute(memory, table, tokens(12, 100));
  memory.release(table, at(2));
  EXPECT_EQ(memory.pool().free(), 0);
  ASSERT_TRUE(memory.grow(table, 4, at(3)));
  EXPECT_EQ(found(memory, tokens(12)), 2);
  EXPECT_EQ(found(memory, tokens(12, 100)), 3);
  BlockTable user(memory);
  memory.hold_prefix(user, chain_of(tokens(12)), 2, at(4));
  ASSERT_TRUE(memory.grow(table, 16, at(5)));
  EXPECT_EQ(found(memory, tokens(12)), 2) << "held";
  EXPECT_EQ(found(memory, tokens(12, 100)), 0);
  EXPECT_FALSE(memory.grow(table, 20, at(6)));
  EXPECT_EQ(memory.stats().evicted_blocks, 4u);
  memory.check_invariants(std::vector<const BlockTable*>{&table, &user});
}

TEST(KvMemory, AForkSharesUntilSomebodyWrites) {
  KvMemory memory({.blocks = 4, .block_tokens = kBlockTokens});
  BlockTable first(memory), second(memory);
  compute(memory, first, tokens(6));
  memory.fork(first, second);
  EXPECT_EQ(memory.pool().used(), 2);
  EXPECT_TRUE(memory.is_shared(first, 6));
  EXPECT_FALSE(memory.is_shared(first, 8)) << "that goes into a new block";
  ASSERT_TRUE(memory.make_writable(second, 6, {}));
  EXPECT_NE(second.block(1), first.block(1));
  EXPECT_EQ(second.block(0), first.block(0));
  EXPECT_FALSE(memory.is_shared(first, 6)) << "the other may write in place";
  const auto copies = memory.take_copies();
  ASSERT_EQ(copies.size(), 1u);
  EXPECT_EQ(copies[0].move, BlockMove::kWithin);
  EXPECT_EQ(copies[0].from, raw(first.block(1)));
  EXPECT_EQ(copies[0].to, raw(second.block(1)));
  EXPECT_TRUE(memory.take_copies().empty());
  memory.check_invariants(std::vector<const BlockTable*>{&first, &second});
}

TEST(KvMemory, WhatIsGivenUpGoesToTheHostTierAndComesBack) {
  KvMemory memory({.blocks = 3, .block_tokens = kBlockTokens, .host_blocks = 2});
  BlockTable table(memory), other(memory);
  compute(memory, table, tokens(12));
  memory.release(table, at(1));
  ASSERT_TRUE(memory.grow(other, 12, at(2)));  // all three are given up; the host tier keeps two
  const auto demoted = memory.take_copies();
  ASSERT_EQ(demoted.size(), 3u);
  EXPECT_EQ(memory.host_used(), 2);
  EXPECT_EQ(demoted[2].key, chain_of(tokens(12))[0]);
  PrefixMatch match = memory.match(chain_of(tokens(12)), 3);
  EXPECT_EQ(match.fast_blocks, 0);
  EXPECT_EQ(match.host_blocks, 2) << "the beginning of the chain: its end went first";
  memory.release(other, at(3));
  memory.hold_prefix(table, chain_of(tokens(12)), 2, at(4));
  EXPECT_EQ(table.block_count(), 0);
  ASSERT_TRUE(memory.fetch_prefix(table, chain_of(tokens(12)), 2, at(4)));
  EXPECT_EQ(table.block_count(), 2);
  const auto promoted = memory.take_copies();
  ASSERT_EQ(promoted.size(), 2u);
  EXPECT_EQ(promoted[0].move, BlockMove::kFromHost);
  EXPECT_EQ(promoted[0].key, chain_of(tokens(12))[0]);
  EXPECT_EQ(memory.match(chain_of(tokens(12)), 3).fast_blocks, 2);
  memory.release(table, at(5));
  ASSERT_TRUE(memory.grow(other, 12, at(6)));
  EXPECT_TRUE(memory.take_copies().empty()) << "the host's copies are still good";
  memory.check_invariants(std::vector<const BlockTable*>{&table, &other});
}

TEST(KvMemory, SwappingCopiesAtOnceWhatNobodyElseHolds) {
  KvMemory memory({.blocks = 8, .block_tokens = kBlockTokens, .host_blocks = 8});
  BlockTable first(memory), second(memory);
  compute(memory, first, tokens(12));
  memory.hold_prefix(second, chain_of(tokens(12)), 1, {});
  memory.copy_to_host(first, {});
  EXPECT_EQ(memory.take_copies().size(), 2u);
  memory.copy_to_host(first, {});
  EXPECT_TRUE(memory.take_copies().empty());
  memory.release(first, {});
  EXPECT_EQ(memory.pool().used(), 1);
}

TEST(KvMemory, DamagedBlocksAreForgotten) {
  KvMemory memory({.blocks = 3, .block_tokens = kBlockTokens, .host_blocks = 3});
  BlockTable table(memory), other(memory);
  compute(memory, table, tokens(12));
  memory.release(table, at(1));
  ASSERT_TRUE(memory.grow(other, 12, at(2)));
  memory.release(other, at(2));
  const KeyChain chain = chain_of(tokens(12));
  ASSERT_TRUE(memory.fetch_prefix(table, chain, 3, at(3)));
  memory.shrink(table, 1, at(3));
  memory.forget(chain, 1, at(3));
  EXPECT_EQ(found(memory, tokens(12)), 1);
  EXPECT_EQ(memory.host_used(), 1);
  memory.check_invariants(std::vector<const BlockTable*>{&table, &other});
}

TEST(KvMemory, TellsWhenWhatIsSharedChanges) {
  KvMemory memory({.blocks = 8, .block_tokens = kBlockTokens});
  BlockTable first(memory), second(memory), third(memory);
  compute(memory, first, tokens(12));
  const std::uint64_t alone = memory.sharing();
  ASSERT_TRUE(memory.grow(first, 16, {}));
  EXPECT_EQ(memory.sharing(), alone) << "what is taken is its own";
  memory.hold_prefix(second, chain_of(tokens(12)), 2, {});
  memory.fork(second, third);
  EXPECT_EQ(memory.shared_blocks(first), 2);
  std::uint64_t before = memory.sharing();
  EXPECT_GT(before, alone);
  memory.shrink(third, 1, {});
  EXPECT_NE(std::exchange(before, memory.sharing()), memory.sharing());
  EXPECT_EQ(memory.shared_blocks(third), 1);
  memory.release(second, {});
  EXPECT_NE(std::exchange(before, memory.sharing()), memory.sharing());
  EXPECT_EQ(memory.shared_blocks(first), 1);
}

TEST(KvMemory, PendingPrefixesAreSeenUntilTheyAreWithdrawn) {
  KvMemory memory({.blocks = 8, .block_tokens = kBlockTokens});
  const KeyChain chain = chain_of(tokens(12));
  memory.announce(chain, 0, 3);
  memory.announce(chain, 0, 2);
  EXPECT_EQ(memory.match(chain, 9).pending_blocks, 3);
  memory.withdraw(chain, 0, 3);
  EXPECT_EQ(memory.match(chain, 9).pending_blocks, 2);
  BlockTable table(memory);
  compute(memory, table, tokens(4));
  EXPECT_EQ(memory.match(chain, 9).fast_blocks, 1);
  EXPECT_EQ(memory.match(chain, 9).pending_blocks, 1);
  memory.announce(chain, 1, 3, Pace::kIdle);
  EXPECT_EQ(memory.match(chain, 9).pending_blocks, 1) << "who is steady does not wait for who is not";
  EXPECT_EQ(memory.match(chain, 9, Pace::kIdle).pending_blocks, 2);
  memory.withdraw(chain, 0, 2);
  EXPECT_EQ(memory.match(chain, 9).pending_blocks, 0);
  EXPECT_EQ(memory.match(chain, 9, Pace::kIdle).pending_blocks, 2);
  memory.withdraw(chain, 1, 3, Pace::kIdle);
  EXPECT_EQ(memory.match(chain, 9, Pace::kIdle).pending_blocks, 0);
}

TEST(KvMemory, RetainedBlocksOutliveOthersUntilTheirTimeIsOver) {
  const auto survivor = [](std::optional<int> grow_at) {
    KvMemory memory({.blocks = 2, .block_tokens = kBlockTokens, .evict = evict_priority});
    BlockTable table(memory);
    compute(memory, table, tokens(4));
    memory.retain(table, 0, 90, at(10));
    memory.release(table, at(1));
    compute(memory, table, tokens(4, 100), at(2));
    memory.release(table, at(2));
    EXPECT_TRUE(memory.grow(table, 4, at(*grow_at)));
    return found(memory, tokens(4)) == 1;
  };
  EXPECT_TRUE(survivor(9));
  EXPECT_FALSE(survivor(10));
}

TEST(KvMemory, TellsWhatWasStoredAndRemoved) {
  KvMemory memory({.blocks = 2, .block_tokens = kBlockTokens, .kept_events = 3});
  BlockTable table(memory);
  compute(memory, table, tokens(8));
  memory.release(table, at(1));
  ASSERT_TRUE(memory.grow(table, 8, at(2)));
  EXPECT_EQ(memory.events().last_number(), 4u);
  const auto events = memory.events().after(0, 10);
  ASSERT_EQ(events.size(), 3u) << "the oldest is gone";
  EXPECT_EQ(events[0].number, 2u);
  EXPECT_EQ(events[0].kind, KvEvent::Kind::kStored);
  EXPECT_EQ(events[0].parent, chain_of(tokens(8))[0]);
  EXPECT_EQ(events[0].tokens, (std::vector<TokenId>{5, 6, 7, 8}));
  EXPECT_EQ(events[1].kind, KvEvent::Kind::kRemoved);
  EXPECT_EQ(events[1].key, chain_of(tokens(8))[1]);
  EXPECT_EQ(memory.events().after(3, 10).size(), 1u);
  EXPECT_EQ(memory.events().after(1, 1).size(), 1u);
}

TEST(EvictPolicies, RankAsTheySay) {
  const CachedBlockView recent{
      .used = 9, .index = 0, .block_tokens = 16, .hits = 0, .priority = 35, .inflation = 0};
  CachedBlockView old = recent;
  old.used = 3;
  EXPECT_LT(evict_lru(old), evict_lru(recent));
  EXPECT_LT(evict_priority(old), evict_priority(recent));
  old.priority = 36;
  EXPECT_GT(evict_priority(old), evict_priority(recent));
  CachedBlockView dear = recent;
  dear.index = 1000;
  EXPECT_GT(evict_cost(dear), evict_cost(recent)) << "a later block takes longer to compute";
  CachedBlockView popular = recent;
  popular.hits = 3;
  EXPECT_GT(evict_cost(popular), evict_cost(recent));
  CachedBlockView later = recent;
  later.inflation = 1000;
  EXPECT_GT(evict_cost(later), evict_cost(popular)) << "what was popular once goes in the end";
  EXPECT_FALSE(find_evict_policy("random").has_value());
  for (const EvictPolicy& policy : evict_policies()) EXPECT_EQ(find_evict_policy(policy.name), policy.rank);
}

}  // namespace
}  // namespace loci
