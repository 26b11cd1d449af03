#include "base/philox.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

// The known answers that accompany the paper's reference implementation (Random123, kat_vectors).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformStaysInRangeAndIsBalanced) {
  double sum = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const double u = philox_uniform(42, 0, i);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

TEST(Philox, SeedStreamAndPositionAllMatter) {
  const double u = philox_uniform(1, 2, 3);
  EXPECT_EQ(u, philox_uniform(1, 2, 3));
  EXPECT_NE(u, philox_uniform(2, 2, 3));
  EXPECT_NE(u, philox_uniform(1, 3, 3));
  EXPECT_NE(u, philox_uniform(1, 2, 4));
  EXPECT_NE(u, philox_uniform(1ull << 32, 2, 3));
}

}  // namespace
}  // namespace loci
