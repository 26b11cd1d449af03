#include "memory/host_tier.h"

#include <gtest/gtest.h>
#include <numeric>

namespace loci {
namespace {

std::vector<std::byte> block_of(int first) {
  std::vector<std::byte> block(100);
  for (std::size_t i = 0; i < block.size(); ++i)
    block[i] = static_cast<std::byte>(static_cast<std::size_t>(first) + i);
  return block;
}

TEST(HostTier, GivesBackWhatItGot) {
  HostTier tier = HostTier::allocate(100, 3, 1).value();
  const BlockKey key{1, 2}, other{1, 3};
  tier.write(0, key, block_of(5));
  tier.write(2, other, block_of(7));
  std::vector<std::byte> block(100);
  EXPECT_TRUE(tier.read(0, key, block));
  EXPECT_EQ(block, block_of(5));
  EXPECT_TRUE(tier.read(2, other, block));
  EXPECT_EQ(block, block_of(7));
}

TEST(HostTier, RefusesWhatIsNotItOrHasChanged) {
  HostTier tier = HostTier::allocate(100, 2, 1).value();
  const BlockKey key{1, 2};
  tier.write(0, key, block_of(5));
  std::vector<std::byte> block(100);
  EXPECT_FALSE(tier.read(0, {1, 3}, block)) << "another block's";
  EXPECT_FALSE(tier.read(1, key, block)) << "never written";
  for (const std::size_t where : {0u, 50u, 99u}) {
    tier.bytes_of(0)[where] ^= std::byte{1};
    EXPECT_FALSE(tier.read(0, key, block)) << where;
    tier.bytes_of(0)[where] ^= std::byte{1};
  }
  EXPECT_TRUE(tier.read(0, key, block));
}

TEST(HostTier, SaysWhatItCouldNotHave) {
  const auto tier = HostTier::allocate(std::size_t{1} << 40, 1 << 20, 1);
  ASSERT_FALSE(tier.has_value());
  EXPECT_EQ(tier.error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace loci
