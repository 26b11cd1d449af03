#include "base/worker_pool.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace loci {
namespace {

TEST(WorkerPool, EveryIndexExactlyOnceAndNoPieceTooLong) {
  for (const int threads : {1, 2, 3, 5}) {
    WorkerPool pool(threads);
    ASSERT_EQ(pool.size(), threads);
    for (const int count : {0, 1, 2, 3, 7, 64, 1000})
      for (const int chunk : {1, 2, 3, 8, 999, 1000, 1001}) {
        std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
        std::atomic<bool> well_formed{true};
        pool.for_each_chunk(count, chunk, [&](int begin, int end) {
          if (begin < 0 || begin >= end || end > count || end - begin > chunk) well_formed = false;
          for (int i = begin; i < end; ++i) hits[static_cast<std::size_t>(i)].fetch_add(1);
        });
        ASSERT_TRUE(well_formed) << threads << ' ' << count << ' ' << chunk;
        for (const auto& hit : hits) ASSERT_EQ(hit.load(), 1) << threads << ' ' << count << ' ' << chunk;
      }
  }
}

TEST(WorkerPool, PlainWritesAreVisibleAfterTheLoop) {  // the race detector's test
  WorkerPool pool(3);
  std::vector<int> values(257, 0);
  for (int round = 1; round <= 2000; ++round) {
    pool.for_each_chunk(257, 3, [&](int begin, int end) {
      for (int i = begin; i < end; ++i) ++values[static_cast<std::size_t>(i)];
    });
    ASSERT_EQ(values[static_cast<std::size_t>(round % 257)], round);
  }
  for (const int value : values) ASSERT_EQ(value, 2000);
}

TEST(WorkerPool, RunsAfterItsWorkersFellAsleep) {
  WorkerPool pool(2);
  for (int round = 0; round < 40; ++round) {
    // Long enough, on most rounds, for the worker to give up spinning; either way the loop must complete.
    std::atomic<int> spins{0};
    while (spins.fetch_add(1) < 5'000 * (round % 20)) {
    }
    std::atomic<int> sum{0};
    pool.for_each_chunk(10, 1, [&](int begin, int end) { sum += end - begin; });
    ASSERT_EQ(sum.load(), 10);
  }
}

TEST(WorkerPool, WorkersTakePart) {
  WorkerPool pool(2);
  std::atomic<int> inside{0};
  // Each piece waits for the other: it ends only if two threads are inside at once, woken from sleep or not.
  pool.for_each_chunk(2, 1, [&](int, int) {
    ++inside;
    while (inside.load() < 2) std::this_thread::yield();
  });
  EXPECT_EQ(inside.load(), 2);
}

TEST(WorkerPool, PoolsMayBeNested) {
  WorkerPool outer(2);
  std::atomic<int> sum{0};
  outer.for_each_chunk(4, 1, [&](int, int) {
    WorkerPool inner(2);
    inner.for_each_chunk(8, 2, [&](int begin, int end) { sum += end - begin; });
  });
  EXPECT_EQ(sum.load(), 32);
}

TEST(WorkerPool, ManyThreadsRunManyShortLoops) {
  for (const int threads : {2, 7, 64}) {
    WorkerPool pool(threads);
    for (int round = 0; round < 5000 / threads; ++round) {
      const int count = 1 + round % 130;
      std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
      pool.for_each_chunk(count, 1, [&](int begin, int) { ++hits[static_cast<std::size_t>(begin)]; });
      for (const auto& hit : hits) ASSERT_EQ(hit.load(), 1) << threads << ' ' << round;
    }
  }
}

TEST(WorkerPool, OthersDoTheWorkOfOneThatIsStuck) {
  for (const int threads : {2, 3, 8}) {
    WorkerPool pool(threads);
    constexpr int kPieces = 100;
    std::vector<std::atomic<int>> hits(kPieces);
    std::atomic<int> done{0};
    // The thread that takes the first piece gets nothing else done until all other pieces are.
    pool.for_each_chunk(kPieces, 1, [&](int begin, int) {
      while (begin == 0 && done.load() < kPieces - 1) std::this_thread::yield();
      ++hits[static_cast<std::size_t>(begin)];
      ++done;
    });
    for (const auto& hit : hits) ASSERT_EQ(hit.load(), 1) << threads;
  }
}

TEST(WorkerPoolDeathTest, ALoopInsideALoopOfTheSamePoolIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        WorkerPool pool(2);
        pool.for_each_chunk(4, 1, [&](int, int) { pool.for_each_chunk(4, 1, [](int, int) {}); });
      },
      "");
}

TEST(WorkerPool, MayDieUnused) {
  for (int i = 0; i < 50; ++i) WorkerPool pool(3);
}

}  // namespace
}  // namespace loci
