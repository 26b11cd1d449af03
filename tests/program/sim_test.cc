// `loci sim` as a user runs it.
#include <gmock/gmock.h>

#include "base/json.h"
#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;
using testing::write_file;

constexpr std::string_view kScenario = R"(seed = 3
[machine]
hardware = "l40s"
model = "llama-8b"
[workload]
dataset = "random"
input_len = 500
output_len = 20
requests = 40
rate = 2.0
)";

class Sim : public ::testing::Test {
 protected:
  void SetUp() override { write_file(folder_ / "s.toml", kScenario); }
  Finished sim(std::vector<std::string> words) const {
    words.insert(words.begin(), {"sim", std::string(folder_ / "s.toml")});
    return run_program(words);
  }
  json::value report_of(std::vector<std::string> words) const {
    words.push_back("--json");
    const Finished ended = sim(std::move(words));
    EXPECT_EQ(ended.status, 0) << ended.err;
    return parse_json(ended.out).value_or(nullptr);
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Sim, TakesOtherValuesThanTheFile) {
  EXPECT_EQ(report_of({}).at("metrics").at("requests").to_number<double>(), 40);
  const auto changed = report_of({"--set=workload.requests = 30", "--set=fleet.replicas = 2"}).at("metrics");
  EXPECT_EQ(changed.at("requests").to_number<double>(), 30);
  EXPECT_EQ(changed.at("replicas").to_number<double>(), 2);
  EXPECT_THAT(sim({"--set=fleet.nonsense = 1"}).err, HasSubstr("nonsense"));
  EXPECT_THAT(sim({"--set=fleet"}).err, HasSubstr("--set fleet"));
}

TEST_F(Sim, FindsTheLargestRateWithinALimit) {
  const auto found = report_of({"--capacity=ttft.p99<=1", "--rates=1:200"});
  const double capacity = found.at("capacity").to_number<double>();
  EXPECT_GT(capacity, 1);
  EXPECT_LT(capacity, 200);
  EXPECT_LE(found.at("ttft.p99").to_number<double>(), 1);
  EXPECT_THAT(sim({"--capacity=ttft.p99<=1", "--rates=1:200"}).out,
              HasSubstr("requests/s with ttft.p99 <= 1"));
}

TEST_F(Sim, RefusesASearchThatCannotBe) {
  EXPECT_THAT(sim({"--capacity=ttft"}).err, HasSubstr("--capacity: 'ttft' is not METRIC<=NUMBER"));
  EXPECT_THAT(sim({"--capacity=ttft.p99<=1", "--rates=5"}).err, HasSubstr("--rates: '5' is not FROM:TO"));
  EXPECT_THAT(sim({"--capacity=ttft.p99<=1", "--rates=5:2"}).err, HasSubstr("--rates"));
  EXPECT_THAT(sim({"--capacity=nothing<=1"}).err, HasSubstr("nothing"));
}

}  // namespace
}  // namespace loci
