#include "memory/block_pool.h"

#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <set>

#include "memory/block_table.h"
#include "testing/soak.h"

namespace loci {
namespace {

TEST(BlockPool, GivesEachBlockOnceAndTakesItBack) {
  BlockPool pool(3);
  const auto a = pool.acquire(), b = pool.acquire(), c = pool.acquire();
  ASSERT_TRUE(a && b && c);
  EXPECT_FALSE(pool.acquire().has_value());
  EXPECT_EQ(pool.used(), 3);
  pool.release(*b);
  EXPECT_EQ(pool.acquire(), b);
  pool.check_invariants();
}

TEST(BlockPoolDeathTest, ReleasingWhatIsNotLeasedAborts) {
  BlockPool pool(2);
  const BlockId block = *pool.acquire();
  pool.release(block);
  EXPECT_DEATH(pool.release(block), "check failed");
  EXPECT_DEATH(pool.release(static_cast<BlockId>(2)), "check failed");
}

TEST(BlockPool, RandomOperationsAgreeWithANaiveModel) {
  std::mt19937 random(1);
  BlockPool pool(8);
  std::set<BlockId> leased;
  for (int step = 0, steps = testing::rounds(20000, 20000000); step < steps; ++step) {
    if (random() % 2 == 0) {
      const auto block = pool.acquire();
      ASSERT_EQ(block.has_value(), leased.size() < 8);
      if (block) {
        ASSERT_TRUE(leased.insert(*block).second);
      }
    } else if (!leased.empty()) {
      const auto block = std::next(leased.begin(), static_cast<long>(random() % leased.size()));
      pool.release(*block);
      leased.erase(block);
    }
    ASSERT_EQ(pool.used(), static_cast<int>(leased.size()));
    if (step % 100 == 0) pool.check_invariants();
  }
}

TEST(BlockTable, GrowsAllOrNothingAndGivesBack) {
  BlockPool pool(4);
  {
    BlockTable first(pool, 4), second(pool, 4);
    EXPECT_TRUE(first.grow_to(9));
    EXPECT_EQ(first.block_count(), 3);
    EXPECT_TRUE(first.grow_to(2)) << "never shrinks";
    EXPECT_EQ(first.block_count(), 3);
    EXPECT_FALSE(second.grow_to(5));
    EXPECT_EQ(pool.free(), 1) << "a refused growth takes nothing";
    EXPECT_TRUE(second.grow_to(4));
    const BlockTable moved(std::move(first));
    EXPECT_EQ(pool.used(), 4);
  }
  EXPECT_EQ(pool.used(), 0);
  pool.check_invariants();
}

}  // namespace
}  // namespace loci
