#include "base/memory_nodes.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include "base/piece_queues.h"
#include "testing/files.h"

namespace loci {
namespace {

TEST(MemoryNodes, OfProcessorsInTheOrderInWhichTheyAppear) {
  const testing::TemporaryFolder folder;
  for (const auto& [cpu, node] : {std::pair{"cpu0", "node4"}, {"cpu1", "node1"}, {"cpu2", "node4"}}) {
    std::filesystem::create_directories(folder / cpu / node);
    std::filesystem::create_directories(folder / cpu / "topology");
  }
  EXPECT_EQ(nodes_of_processors(std::vector{1, 0, 2}, folder / ""), (std::vector{0, 1, 1}));
  EXPECT_EQ(nodes_of_processors(std::vector{7, 8}, folder / ""), (std::vector{0, 0}));
}

TEST(MemoryNodes, Lists) {
  EXPECT_EQ(parse_node_list("0\n"), std::vector{0});
  EXPECT_EQ(parse_node_list("0-2,5\n"), (std::vector{0, 1, 2, 5}));
  EXPECT_EQ(parse_node_list("1023-99999999"), std::vector{1023});
  for (const char* bad : {"", "\n", "x", "1-", "2-1", "1 2", "-1"})
    EXPECT_TRUE(parse_node_list(bad).empty()) << bad;
}

TEST(MemoryNodes, SpreadingIsHarmless) {
  std::vector<std::byte> pages(1 << 16);
  spread_over_nodes(pages);
  std::ranges::fill(pages, std::byte{1});
  spread_over_nodes({});
}

TEST(PieceShares, CoverAllPiecesInProportion) {
  for (const std::vector<int>& threads : {std::vector{1}, {2, 2}, {3, 1}, {1, 5, 2}})
    for (const int pieces : {0, 1, 2, 3, 7, 64, 1000, 2147483647}) {
      int end = 0;
      for (std::size_t node = 0; node < threads.size(); ++node) {
        const PieceShare share = share_of_node(pieces, threads, node);
        EXPECT_EQ(share.begin, end);
        EXPECT_GE(share.end, share.begin);
        end = share.end;
      }
      EXPECT_EQ(end, pieces);
    }
  EXPECT_EQ(share_of_node(100, std::vector{3, 1}, 0).end, 75);
}

/// Packing and the products cut the same panels into pieces of different size: the boundary moves by a piece
/// at most.
TEST(PieceShares, OfTwoLoopsOverTheSamePanelsAgree) {
  const std::vector<int> threads{4, 4};
  for (const int panels : {64, 192, 2003, 8016})
    for (const int chunk : {1, 4, 6, 13}) {
      const int boundary = share_of_node((panels + chunk - 1) / chunk, threads, 0).end * chunk;
      EXPECT_NEAR(boundary, panels / 2, chunk) << panels << ' ' << chunk;
    }
}

TEST(PieceQueues, EachPieceIsClaimedOnceAndTheOwnShareFirst) {
  PieceQueues queues(std::vector{2, 1});
  queues.open(30);
  std::vector<int> order;
  queues.claim_all(1, [&](int piece) { order.push_back(piece); });
  ASSERT_EQ(order.size(), 30u);
  EXPECT_EQ(order.front(), 20);
  EXPECT_EQ(order[10], 0);  // then the other node's

  constexpr int kPieces = 20000;
  queues.open(kPieces);
  std::vector<std::atomic<int>> claims(kPieces);
  std::vector<std::jthread> threads;
  for (const std::size_t home : {0, 0, 1})
    threads.emplace_back(
        [&, home] { queues.claim_all(home, [&](int piece) { ++claims[static_cast<std::size_t>(piece)]; }); });
  threads.clear();
  EXPECT_TRUE(std::ranges::all_of(claims, [](const std::atomic<int>& count) { return count == 1; }));
}

}  // namespace
}  // namespace loci
