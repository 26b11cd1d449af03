#include "memory/block_pool.h"

#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <set>

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

TEST(BlockPool, AKeptBlockIsIdleUntilItIsDroppedOrHeldAgain) {
  BlockPool pool(2);
  const BlockId block = *pool.acquire();
  pool.share(block);
  pool.keep(block);
  pool.release(block);
  EXPECT_EQ(pool.used(), 1);
  pool.release(block);
  EXPECT_EQ(pool.idle(), 1);
  EXPECT_EQ(pool.free(), 1);
  const BlockRef reference = pool.reference(block);
  pool.hold(reference);
  EXPECT_EQ(pool.idle(), 0);
  pool.release(block);
  EXPECT_TRUE(pool.is_current(reference));
  pool.drop(block);
  EXPECT_EQ(pool.free(), 2);
  EXPECT_FALSE(pool.is_current(reference));
  pool.check_invariants();
}

TEST(BlockPoolDeathTest, AReferenceToWhatHasBeenFreeSinceAborts) {
  BlockPool pool(1);
  const BlockRef before = pool.reference(*pool.acquire());
  pool.release(before.block);
  EXPECT_EQ(pool.acquire(), before.block);
  EXPECT_DEATH(pool.hold(before), "check failed") << "it is somebody else's now";
  pool.hold(pool.reference(before.block));
}

TEST(BlockPoolDeathTest, WrongTransitionsAbort) {
  BlockPool pool(2);
  const BlockId block = *pool.acquire();
  EXPECT_DEATH(pool.drop(block), "check failed") << "held";
  pool.release(block);
  EXPECT_DEATH(pool.hold(pool.reference(block)), "check failed") << "free";
  EXPECT_DEATH(pool.share(block), "check failed") << "free";
  EXPECT_DEATH(pool.keep(block), "check failed") << "free";
}

}  // namespace
}  // namespace loci
