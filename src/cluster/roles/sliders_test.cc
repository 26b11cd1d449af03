#include "cluster/roles/sliders.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/testing/property.h"

namespace loci::cluster {
namespace {

using ::testing::ElementsAre;
using enum ReplicaRole;

TEST(Sliders, TheExtremesAreAggregationAndDisaggregation) {
  EXPECT_THAT(*arrange(aggregated(2, 512)), ElementsAre(ReplicaPlan{kMixed, 512}, ReplicaPlan{kMixed, 512}));
  EXPECT_THAT(*arrange({1, 1, 512, 512}), ElementsAre(ReplicaPlan{kMixed, 512}, ReplicaPlan{kMixed, 512}))
      << "equal chunks make no difference";
  EXPECT_THAT(*arrange(disaggregated(1, 2)), ElementsAre(ReplicaPlan{kPrefill, kWholePrompt},
                                                         ReplicaPlan{kDecode, 0}, ReplicaPlan{kDecode, 0}));
  EXPECT_THAT(*arrange({1, 1, 2048, 128}),
              ElementsAre(ReplicaPlan{kPrefill, 2048}, ReplicaPlan{kDecode, 128}));
}

TEST(Sliders, WhatCannotBeIsRefusedByName) {
  const auto field = [](const Sliders& sliders) { return arrange(sliders).error().field; };
  EXPECT_EQ(field({0, 0, 512, 512}), "prefill_heavy");
  EXPECT_EQ(field({-1, 2, 512, 512}), "prefill_heavy");
  EXPECT_EQ(field({1, 1 << 30, 512, 512}), "decode_heavy");
  EXPECT_EQ(field({1, 1, 0, 0}), "prefill_chunk");
  EXPECT_EQ(field({1, 1, 512, 513}), "decode_chunk");
  EXPECT_EQ(field({0, 2, 512, 0}), "decode_chunk");
}

TEST(Sliders, TheSearchSpaceIsWholeLegalAndWithoutRepetition) {
  using testing::expect_property;
  expect_property([] {
    const int replicas = *rc::gen::inRange(0, 9);
    const auto chunks = *rc::gen::container<std::vector<int>>(rc::gen::element(-5, 0, 64, 256, 512, 2048));
    const auto all = all_sliders(replicas, chunks);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto plans = arrange(all[i]);
      RC_ASSERT(plans.has_value());
      RC_ASSERT(static_cast<int>(plans->size()) == replicas);
      RC_ASSERT(std::find(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(), all[i]) == all.end());
    }
  });
  const int chunks[] = {128, 512, 2048};
  EXPECT_EQ(all_sliders(4, chunks).size(), 3u + 3 * (1 + 3));
}

}  // namespace
}  // namespace loci::cluster
