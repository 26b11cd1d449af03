#include "cluster/recent_map.h"

#include <gtest/gtest.h>

namespace loci::cluster {
namespace {

TEST(RecentMap, ForgetsTheLeastRecent) {
  RecentMap<int> map(2);
  map[1] = 10;
  map[2] = 20;
  EXPECT_EQ(*map.find(1), 10);  // now 2 is the least recent
  map[3] = 30;
  EXPECT_EQ(map.size(), 2u);
  EXPECT_EQ(map.find(2), nullptr);
  EXPECT_EQ(*map.peek(1), 10);  // no use
  map[3] += 1;
  map[4] = 40;
  EXPECT_EQ(map.peek(1), nullptr);
  EXPECT_EQ(*map.peek(3), 31);
  EXPECT_EQ(map[5], 0) << "a new one begins empty";
  EXPECT_EQ(map.size(), 2u);
}

}  // namespace
}  // namespace loci::cluster
