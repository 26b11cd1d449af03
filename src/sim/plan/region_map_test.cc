#include "sim/plan/region_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/named_table.h"

namespace loci::sim {
namespace {

using ::testing::HasSubstr;

Question question() {
  Question question;
  question.model = *find_named("model", model_shapes(), "llama-8b");
  question.hardware = {*find_named("hardware", hardware_table(), "l40s")};
  question.workload.input_len = 1000;
  question.workload.output_len = 40;
  question.rate = 3;
  question.slo = {.ttft = 1.0, .tpot = 0.1};
  question.attain = 0.9;
  question.max_machines = 2;
  question.requests = 60;
  return question;
}

TEST(RegionMap, LooserLimitsAreNeverServedLess) {
  const auto map = region_map(question(), {}, {.ttft = {0.2, 1, 10}, .tpot = {0.3, 1, 4}, .rates = 3});
  ASSERT_TRUE(map) << map.error().message;
  ASSERT_EQ(map->cells.size(), 9u);
  bool serves = false;
  for (std::size_t i = 0; i < 9; ++i)
    for (std::size_t division = 0; division < 3; ++division) {
      const double rate = map->cells[i].rates[division];
      serves |= rate > 0;
      EXPECT_EQ(map->cells[i].layouts[division].empty(), rate == 0);
      if (i % 3 > 0) {
        EXPECT_GE(rate, map->cells[i - 1].rates[division]) << "of a longer first token";
      }
    }
  EXPECT_TRUE(serves);
  EXPECT_THAT(map_text(*map), HasSubstr("times: profile"));
  EXPECT_EQ(map_json(*map).at("cells").as_array().size(), 9u);
  EXPECT_THAT(map_svg(*map), ::testing::EndsWith("</svg>\n"));
}

TEST(RegionMap, NamesAllThatServeTheHighestRate) {
  RegionCell cell{.ttft = 1, .tpot = 1};
  EXPECT_EQ(winners_of(cell), "-");
  cell.rates = {2, 3, 3};
  EXPECT_EQ(winners_of(cell), "DH");
}

TEST(RegionMap, RefusesWhatIsNoPlane) {
  const auto error_of = [](const auto& change) {
    Question asked = question();
    change(asked);
    return region_map(asked).error().message;
  };
  EXPECT_THAT(error_of([](Question& q) { q.slo.tpot = {}; }), HasSubstr("--slo"));
  EXPECT_THAT(error_of([](Question& q) { q.rate = 0; }), HasSubstr("--rate"));
  EXPECT_THAT(error_of([](Question& q) { q.max_machines = 1; }), HasSubstr("--max-gpus"));
  EXPECT_THAT(error_of([](Question& q) { q.hardware.push_back(q.hardware.front()); }), HasSubstr("--gpu"));
  EXPECT_THAT(error_of([](Question& q) { q.attain = 2; }), HasSubstr("--attain"));
}

}  // namespace
}  // namespace loci::sim
