#include "text/tokenize/merge_table.h"

#include <gtest/gtest.h>
#include <random>

namespace loci {
namespace {

/// The definition, step by step.
std::vector<TokenId> naive(const MergeTable& merges, std::vector<TokenId> ids) {
  while (true) {
    std::size_t best = ids.size();
    MergeTable::Merge best_merge{MergeTable::kNoMerge, 0};
    for (std::size_t i = 0; i + 1 < ids.size(); ++i)
      if (const auto merge = merges.find(ids[i], ids[i + 1]); merge.rank < best_merge.rank)
        best = i, best_merge = merge;
    if (best == ids.size()) return ids;
    ids[best] = best_merge.merged;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(MergeTable, ShortAndLongWordsMergeByDefinition) {
  std::mt19937 random(5);
  for (int round = 0; round < 400; ++round) {
    MergeTable merges;
    TokenId next = 4;
    const bool shared_ranks = round % 2 == 0;  // as SentencePiece's equal scores
    for (std::uint32_t rank = 0; rank < 40; ++rank) {
      const auto left = static_cast<TokenId>(random() % static_cast<unsigned>(next));
      const auto right = static_cast<TokenId>(random() % static_cast<unsigned>(next));
      merges.add(left, right, {shared_ranks ? rank / 3 : rank, next++});
    }
    std::vector<TokenId> ids(random() % (round % 4 == 0 ? 300 : 34));
    for (TokenId& id : ids) id = static_cast<TokenId>(random() % 4);
    std::vector<TokenId> merged = ids;
    merge_all(merges, merged);
    ASSERT_EQ(merged, naive(merges, ids)) << "round " << round;
  }
}

TEST(MergeTable, GrowsAndKeepsTheFirstMergeOfAPair) {
  MergeTable merges;
  for (TokenId id = 0; id < 5000; ++id) merges.add(id, id + 1, {static_cast<std::uint32_t>(id), 2 * id});
  merges.add(7, 8, {0, 1});
  for (TokenId id = 0; id < 5000; ++id) {
    EXPECT_EQ(merges.find(id, id + 1).rank, static_cast<std::uint32_t>(id));
    EXPECT_EQ(merges.find(id, id + 1).merged, 2 * id);
    EXPECT_EQ(merges.find(id + 1, id).rank, MergeTable::kNoMerge);
  }
}

TEST(MergeTable, NothingToMerge) {
  const MergeTable merges;
  std::vector<TokenId> none, one = {3};
  merge_all(merges, none);
  merge_all(merges, one);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(one, std::vector<TokenId>{3});
}

}  // namespace
}  // namespace loci
