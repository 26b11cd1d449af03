#include "cli/tune_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loci::cli {
namespace {

using ::testing::HasSubstr;

ServedSetting served(int changed_knob, double simulated, double attained, double pressure) {
  sim::Setting setting = sim::default_setting();
  if (changed_knob >= 0) setting[static_cast<std::size_t>(changed_knob)] = 0;
  ServedSetting one{{.setting = setting, .attained = simulated, .pressure = 1}};
  one.attained = {attained, attained, 0};
  one.goodput = {1, 1, 1};
  one.pressure = {pressure, pressure, 9};
  one.ttft = one.tpot = {1, 1, 1};
  return one;
}

TEST(TuneReport, MedianOfTwoIsTheirMean) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({3, 1}), 2);
  EXPECT_EQ(median({}), 0);
}

TEST(TuneReport, TheDefaultStaysWhereNothingIsClearlyBetter) {
  EXPECT_EQ(choose({served(0, 0.9, 0.804, 1.0), served(1, 0.9, 0.8, 0.96), served(-1, 0.8, 0.8, 1)}), 2u);
  EXPECT_EQ(choose({served(0, 0.9, 0.82, 2.0), served(1, 0.9, 0.8, 0.5), served(-1, 0.8, 0.8, 1)}), 0u);
  EXPECT_EQ(choose({served(0, 0.9, 0.7, 0.1), served(1, 0.9, 0.8, 0.5), served(-1, 0.8, 0.8, 1)}), 1u);
}

TEST(TuneReport, CountsPairsInAnotherOrder) {
  EXPECT_EQ(misordered({served(0, 0.9, 0.9, 1), served(1, 0.8, 0.8, 1), served(-1, 0.7, 0.7, 1)}), 0);
  EXPECT_NEAR(misordered({served(0, 0.9, 0.8, 1), served(1, 0.8, 0.9, 1), served(-1, 0.7, 0.7, 1)}), 1.0 / 3,
              1e-9);
  EXPECT_EQ(misordered({served(-1, 0.9, 0.8, 1)}), 0);
}

TEST(TuneReport, SaysTheFlagsToServeWith) {
  TuneReport report{.model = "m.gguf", .curve = "fitted to 9 steps", .tuning = {}, .served = {}};
  report.served = {served(0, 0.9, 0.9, 1), served(-1, 0.7, 0.7, 1)};
  EXPECT_THAT(tune_text(report), HasSubstr("serve with: --max-num-batched-tokens=64\n"));
  EXPECT_EQ(tune_json(report).at("best").at("flags").at(0).as_string(), "--max-num-batched-tokens=64");
  report.served = {served(-1, 0.7, 0.7, 1)};
  EXPECT_THAT(tune_text(report), HasSubstr("keep the defaults"));
}

}  // namespace
}  // namespace loci::cli
