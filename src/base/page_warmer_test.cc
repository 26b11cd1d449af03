#include "base/page_warmer.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <thread>
#include <vector>

#include "base/arena.h"

namespace loci {
namespace {

constexpr std::size_t kBytes = (std::size_t{24} << 20) + 12345;

std::size_t resident_pages(std::span<std::byte> bytes) {
  std::vector<unsigned char> present((bytes.size() + 4095) / 4096);
  EXPECT_EQ(::mincore(bytes.data(), bytes.size(), present.data()), 0);
  return static_cast<std::size_t>(
      std::ranges::count_if(present, [](unsigned char p) { return (p & 1) != 0; }));
}

TEST(PageWarmer, AllPagesAreThereAndHoldWhatTheyHeld) {
  auto arena = Arena::allocate(kBytes);
  ASSERT_TRUE(arena);
  arena->bytes()[5'000'000] = std::byte{7};
  EXPECT_LT(resident_pages(arena->bytes()), kBytes / 4096);
  bool complete = false;
  std::thread warmer([&] { complete = PageWarmer::warm(arena->bytes(), {}); });
  for (std::size_t i = 0; i < kBytes; i += 1 << 20) arena->bytes()[i] = std::byte{9};  // used meanwhile
  warmer.join();
  if (!complete) GTEST_SKIP() << "this system does not provide pages ahead of their use";
  EXPECT_EQ(resident_pages(arena->bytes()), (kBytes + 4095) / 4096);
  EXPECT_EQ(arena->bytes()[5'000'000], std::byte{7});
  EXPECT_EQ(arena->bytes()[1 << 20], std::byte{9});
  EXPECT_EQ(arena->bytes()[kBytes - 1], std::byte{0});
}

TEST(PageWarmer, EndsWhenItIsNotWantedAnyMore) {
  auto arena = Arena::allocate(kBytes);
  ASSERT_TRUE(arena);
  {
    const PageWarmer warmer(arena->bytes());
  }  // the arena may be unmapped now
  {
    const PageWarmer nothing({});
  }
}

}  // namespace
}  // namespace loci
