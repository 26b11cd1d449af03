// A kernel with a mistake of each kind is reported, its twin without it is not.
#include <gmock/gmock.h>

#include "kernels/cuda/emulation/test_kernels.h"
#include "kernels/cuda/test_support.h"

namespace loci::kernels::cuda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<float> ascending(int count) {
  std::vector<float> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(static_cast<float>(i));
  return numbers;
}

/// What is wrong with a kernel over 64 numbers: the same whatever the order of its threads.
template <class... P, class... A>
std::string error_of(void (*kernel)(P...), const Launch& shape, const A&... arguments) {
  std::string error;
  for (unsigned seed = 0; seed < 8; ++seed) {
    Queue queue;
    emulation::set_seed(seed);
    launch(queue, shape, kernel, arguments...);
    if (seed == 0) error = queue.error;
    EXPECT_EQ(queue.failed(), !error.empty()) << "seed " << seed << ": " << queue.error;
  }
  return error;
}

class CudaEmulation : public ::testing::Test {
 protected:
  std::string error(void (*kernel)(Global<float>)) { return error_of(kernel, kShape, view()); }
  std::string error(void (*kernel)(Global<float>, int), int number) {
    return error_of(kernel, kShape, view(), number);
  }
  std::string error(void (*kernel)(Global<const float>, Global<float>)) {
    return error_of(kernel, kShape, Global<const float>(from_.get(), 64, "from"), view());
  }
  Global<float> view() { return {numbers_.get(), 64, "numbers"}; }

  static constexpr Launch kShape{.name = "kernel", .blocks_x = 1, .threads = 64};
  DeviceArray<float> numbers_{ascending(64)}, from_{ascending(64)};
};

TEST_F(CudaEmulation, ReportsAMissingBarrier) {
  EXPECT_EQ(error(reverse<true>, 50), "");
  EXPECT_THAT(error(reverse<false>, 50), StartsWith("kernel: block 0,0 thread "));
  EXPECT_THAT(error(reverse<false>, 50), HasSubstr("staged["));
  EXPECT_EQ(error(reuse<true>), "");
  EXPECT_THAT(error(reuse<false>), HasSubstr("without a barrier in between"));
  EXPECT_EQ(error(write_twice<true>), "");
  EXPECT_THAT(error(write_twice<false>), HasSubstr("has written without a barrier in between"));
}

TEST_F(CudaEmulation, KnowsThatSyncwarpIsABarrierOfOneWarpOnly) {
  EXPECT_EQ(error(neighbours<false>), "");
  EXPECT_THAT(error(neighbours<true>), HasSubstr("staged["));
}

TEST_F(CudaEmulation, ReportsAnIndexOutOfBounds) {
  EXPECT_EQ(error_of(twice<0>, {.name = "twice", .blocks_x = 2, .threads = 32}, view(), 64), "");
  EXPECT_EQ(error_of(twice<1>, {.name = "twice", .blocks_x = 3, .threads = 32}, view(), 64),
            "twice: block 2,0 thread 0: accesses numbers[64], of which there are 64");
  EXPECT_EQ(error(fill_shared<0>), "");
  EXPECT_EQ(error(fill_shared<1>), "kernel: block 0,0 thread 40: accesses staged[40], of which there are 40");
}

TEST_F(CudaEmulation, ReportsMemoryThatIsNotTheDevices) {
  std::vector<float> host(64);
  EXPECT_THAT(error_of(twice<0>, kShape, Global<float>(host.data(), 64, "numbers"), 64),
              HasSubstr("of the device"));
  EXPECT_THAT(error_of(twice<0>, kShape, Global<float>(numbers_.get(), 65, "numbers"), 64),
              HasSubstr("of the device"));
  EXPECT_EQ(error_of(twice<0>, kShape, Global<float>(numbers_.get(), "numbers"), 64), "");
  EXPECT_EQ(error_of(twice<1>, {.name = "twice", .blocks_x = 2, .threads = 64},
                     Global<float>(numbers_.get() + 4, "numbers"), 60),
            "twice: block 0,0 thread 60: accesses numbers[60], of which there are 60");
}

TEST_F(CudaEmulation, ReportsAWrongLane) {
  EXPECT_EQ(error(sum_lanes<16>), "");
  EXPECT_THAT(error(sum_lanes<32>), HasSubstr("which does not take part"));
  EXPECT_EQ(error(sum_half<0x0000FFFFu>), "");
  EXPECT_THAT(error(sum_half<0xFFFFFFFFu>), HasSubstr("for thread 16, which has left the kernel"));
  EXPECT_THAT(error(sum_half<0x000000FFu>), HasSubstr("is not in the mask"));
}

TEST_F(CudaEmulation, ReportsADivergentBarrier) {
  EXPECT_EQ(error(leave_early<true>, 40), "");
  EXPECT_THAT(error(leave_early<false>, 40), HasSubstr("for thread 40, which has left the kernel"));
  EXPECT_THAT(error(two_barriers), HasSubstr("waits at __syncthreads in test_kernels.h:"));
}

TEST_F(CudaEmulation, ReportsAReadOfSharedMemoryThatNobodyWrote) {
  EXPECT_EQ(error(read_unwritten<true>), "");
  EXPECT_THAT(error(read_unwritten<false>), HasSubstr("which nobody has written"));
}

TEST_F(CudaEmulation, ReportsACopyThatNobodyWaitedFor) {
  EXPECT_EQ(error(copy_in<Wait::kRight>), "");
  EXPECT_THAT(error(copy_in<Wait::kNone>), HasSubstr("cp.async"));
  EXPECT_THAT(error(copy_in<Wait::kWithoutCommit>), HasSubstr("cp.async"));
  EXPECT_THAT(error(copy_in<Wait::kOnlyOwn>), HasSubstr("staged["));
  DeviceArray<float> from(ascending(64 * 5));
  const Global<const float> rows(from.get(), 64 * 5, "from");
  EXPECT_EQ(error_of(pipeline<1>, kShape, rows, view(), 5), "");
  EXPECT_EQ(numbers_.values()[3], 5 * 10 + 64 * (0 + 1 + 2 + 3 + 4));
  EXPECT_THAT(error_of(pipeline<2>, kShape, rows, view(), 5), HasSubstr("cp.async"));
}

TEST_F(CudaEmulation, ReportsALaneThatIsMissingAtAProduct) {
  const Launch warp{.name = "kernel", .blocks_x = 1, .threads = 32};
  EXPECT_EQ(error_of(multiply<32>, warp, view()), "");
  EXPECT_EQ(numbers_.values()[5], 16);
  EXPECT_THAT(error_of(multiply<31>, warp, view()), HasSubstr("for thread 31, which has left the kernel"));
}

TEST_F(CudaEmulation, KnowsAtomicAdditions) {
  DeviceArray<int> numbers(64);
  const Global<int> view(numbers.get(), 64, "numbers");
  EXPECT_EQ(error_of(count<true>, kShape, view), "");
  EXPECT_EQ(numbers.values()[9], 64);
  EXPECT_THAT(error_of(count<false>, kShape, view), HasSubstr("counter[0]"));
}

TEST_F(CudaEmulation, ReportsVectorsThatAreNotAligned) {
  EXPECT_EQ(error(load_vector<4>), "");
  EXPECT_THAT(error(load_vector<2>), HasSubstr("not aligned"));
  EXPECT_THAT(error(load_vector<64>), HasSubstr("of which there are 64"));
}

TEST_F(CudaEmulation, RunsThreadsAndBlocksInAnOrderDrawnFromTheSeed) {
  std::vector<float> last;
  for (unsigned seed = 0; seed < 16; ++seed) {
    run([&](Queue& queue) { launch(queue, {.name = "race", .blocks_x = 9, .threads = 32}, race, view()); },
        seed);
    last.push_back(numbers_.values()[0]);
  }
  EXPECT_NE(std::ranges::count(last, last[0]), 16);
}

TEST_F(CudaEmulation, MultipliesAsTheManualPlacesTheFragments) {
  // Number (row, k) of A is row + 16 k, of B (k, column) it is k - 8 column: their product is summed by hand.
  DeviceArray<float> results(16 * 8);
  struct Product {
    static void kernel(Global<float> out) {
      const auto pair = [](int low, int high) {
        const auto upper = [](int x) { return std::bit_cast<std::uint32_t>(static_cast<float>(x)) >> 16; };
        return upper(low) | upper(high) << 16;
      };
      const int group = lane() / 4, member = lane() % 4;
      std::uint32_t a[4], b[2];
      for (int i = 0; i < 4; ++i) {
        const int row = group + 8 * (i % 2), k = 2 * member + 8 * (i / 2);
        a[i] = pair(row + 16 * k % 128, row + 16 * (k + 1) % 128);
      }
      for (int i = 0; i < 2; ++i) {
        const int k = 2 * member + 8 * i;
        b[i] = pair(k - 8 * group, k + 1 - 8 * group);
      }
      float sums[4] = {};
      mma_bf16(sums, a, b);
      for (int i = 0; i < 4; ++i) out[(group + 8 * (i / 2)) * 8 + 2 * member + i % 2] = sums[i];
    }
  };
  run([&](Queue& queue) {
    launch(queue, {.name = "product", .blocks_x = 1, .threads = 32}, Product::kernel,
           Global<float>(results.get(), 128, "out"));
  });
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      int sum = 0;
      for (int k = 0; k < 16; ++k) sum += (row + 16 * k % 128) * (k - 8 * column);
      EXPECT_EQ(results.values()[static_cast<std::size_t>(row * 8 + column)], static_cast<float>(sum));
    }
}

TEST_F(CudaEmulation, KeepsTheFirstErrorAndRunsNothingBehindIt) {
  Queue queue;
  launch(queue, {.name = "first", .blocks_x = 3, .threads = 32}, twice<1>, view(), 64);
  const std::string error = queue.error;
  EXPECT_THAT(error, StartsWith("first: "));
  const std::vector<float> before = numbers_.values();
  launch(queue, {.name = "second", .blocks_x = 2, .threads = 32}, twice<0>, view(), 64);
  EXPECT_EQ(queue.error, error);
  EXPECT_EQ(numbers_.values(), before);
  Queue other;
  launch(other, {.name = "third", .blocks_x = 1, .threads = 2048}, twice<0>, view(), 64);
  EXPECT_THAT(other.error, HasSubstr("third: no device runs a grid of this shape"));
}

}  // namespace
}  // namespace loci::kernels::cuda::testing
