// `loci tune` as a user runs it: what it measures, searches and serves belongs to one load.
#include <gmock/gmock.h>

#include "base/json.h"
#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;

TEST(Tune, MeasuresSearchesAndServes) {
  const Finished tuned =
      run_program({"tune", "--input-len=40", "--output-len=6", "--num-prompts=16", "--max-concurrency=4",
                   "--goodput", "ttft:60000", "tpot:60000", "--settings=4", "--confirm=1", "--repeats=1",
                   "--kv-cache-memory=32MiB", "--serve=--threads=1", "--json"});
  ASSERT_EQ(tuned.status, 0) << tuned.err;
  const auto report = parse_json(tuned.out);
  ASSERT_TRUE(report) << tuned.out;
  EXPECT_THAT(report->at("times").as_string().c_str(), HasSubstr("fitted"));
  const auto& served = report->at("served").as_array();
  ASSERT_GE(served.size(), 1u);
  for (const auto& one : served) {
    EXPECT_EQ(one.at("attained").at(0).to_number<double>(), 1) << "a minute is enough for each token";
    EXPECT_GT(one.at("p99_ttft_s").at(0).to_number<double>(), 0);
    EXPECT_EQ(one.at("simulated").at("attained").to_number<double>(), 1);
  }
  EXPECT_GE(report->at("simulated_runs").to_number<int>(), 4);
}

TEST(Tune, RefusesWhatIsNotALoad) {
  const auto error_of = [](std::vector<std::string> words) {
    words.insert(words.begin(), "tune");
    const Finished ended = run_program(words);
    EXPECT_NE(ended.status, 0);
    return ended.err;
  };
  EXPECT_THAT(error_of({}), HasSubstr("--goodput: give at least one limit"));
  EXPECT_THAT(error_of({"--goodput=ttft:5", "--serve=--max-num-seqs=4"}),
              HasSubstr("--serve: --max-num-seqs is what is searched for"));
  EXPECT_THAT(error_of({"--goodput=ttft:5", "--max-concurrency=4", "--request-rate=1"}),
              HasSubstr("--max-concurrency"));
  EXPECT_THAT(error_of({"--goodput=ttft:x"}), HasSubstr("ttft:x"));
  EXPECT_THAT(error_of({"nowhere.gguf", "--goodput=ttft:5"}), HasSubstr("nowhere.gguf"));
}

}  // namespace
}  // namespace loci
