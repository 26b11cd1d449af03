#include "sim/plan/arrangement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/named_table.h"

namespace loci::sim {
namespace {

using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Hardware& hardware(std::string_view name) {
  return **find_named("hardware", hardware_table(), name);
}
const ModelShape& model(std::string_view name) {
  return **find_named("model", model_shapes(), name);
}

TEST(Arrangement, DividesReplicasByTheShareAndLeavesNoSideEmpty) {
  Layout layout{.division = Division::kDisaggregated, .hardware = &hardware("h100"), .prefill_share = 0.25};
  EXPECT_EQ((Arrangement{layout, 2}.prefill_heavy()), 1);
  EXPECT_EQ((Arrangement{layout, 8}.prefill_heavy()), 2);
  layout.prefill_share = 0.75;
  EXPECT_EQ((Arrangement{layout, 2}.prefill_heavy()), 1);
  EXPECT_EQ((Arrangement{layout, 8}.sliders().decode_heavy), 2);
}

TEST(Arrangement, CostsWhatItsMachinesCost) {
  const Layout layout{.hardware = &hardware("h100"), .machines = 4};
  const Arrangement three{layout, 3};
  EXPECT_EQ(three.machines(), 12);
  EXPECT_DOUBLE_EQ(three.price_per_hour(), 12 * hardware("h100").price_per_hour);
  EXPECT_THAT(three.text(), HasSubstr("3 x (4 x h100)"));
}

TEST(Layouts, HoldTheModelAndStayWithinTheMachines) {
  const auto all = layouts(model("llama-70b"), hardware("h100"), 4096, 8, false);
  EXPECT_THAT(all, Each(Field(&Layout::machines, ::testing::Gt(1))));  // 141 GB on one of 80
  std::set<std::string> names;
  for (const Layout& layout : all) {
    EXPECT_TRUE(cluster::arrange(Arrangement{layout, 5}.sliders()));
    EXPECT_LE(layout.least_replicas() * layout.machines, 8);
    EXPECT_TRUE(names.insert(Arrangement{layout, 16}.text()).second) << Arrangement{layout, 16}.text();
  }
}

TEST(Layouts, AreNoneWhereTheModelDoesNotFit) {
  EXPECT_THAT(layouts(model("llama-70b"), hardware("l40s"), 4096, 2, false), IsEmpty());
  EXPECT_THAT(layouts(model("llama-70b"), hardware("h100"), 1e9, 64, false), IsEmpty());  // of KV
}

TEST(Layouts, PlaceByPrefixesWhereThereAreSome) {
  const auto router = layouts(model("llama-8b"), hardware("h100"), 4096, 1, true).front().router;
  EXPECT_EQ(router, "prefix-aware");
}

}  // namespace
}  // namespace loci::sim
