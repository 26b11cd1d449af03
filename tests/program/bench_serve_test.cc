// `loci bench serve` against `loci serve`, both as processes, as a user runs them.
#include <algorithm>
#include <chrono>
#include <regex>
#include <thread>

#include "base/json.h"
#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using testing::run_program;

/// A served loci-tiny; url() is empty where it does not start.
class Served {
 public:
  explicit Served(std::vector<std::string> more = {}) : process_(with(std::move(more))) {}

  std::string url() {
    static const std::regex kAddress(R"(serving .* on (http://[^ ]+))");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (std::chrono::steady_clock::now() < deadline) {
      const bool running = process_.running();
      const std::string log = process_.err();
      std::smatch match;
      if (std::regex_search(log, match, kAddress)) return match[1];
      if (!running) return "";
      std::this_thread::yield();
    }
    return "";
  }

 private:
  static std::vector<std::string> with(std::vector<std::string> more) {
    more.insert(more.begin(), {"serve", "--port", "0"});
    return more;
  }
  testing::Process process_;
};

json::object result_of(const std::filesystem::path& path) {
  auto value = parse_json(testing::read_file(path));
  EXPECT_TRUE(value && value->is_object()) << path;
  return value && value->is_object() ? value->get_object() : json::object{};
}

TEST(BenchServe, MeasuresLociWithEveryWorkload) {
  Served served;
  const std::string url = served.url();
  ASSERT_NE(url, "");
  const testing::TemporaryFolder folder;
  const std::vector<std::vector<std::string>> kWorkloads{
      {"--input-len", "30", "--max-concurrency", "4"},
      {"--input-len", "30", "--request-rate", "500", "--burstiness", "0.5"},
      {"--dataset-name", "shared-prefix", "--prefix-len", "40", "--num-prefixes", "2", "--input-len", "5"},
      {"--dataset-name", "multi-turn", "--prefix-len", "30", "--input-len", "6", "--turns", "3",
       "--think-time", "0"},
      {"--dataset-name", "mixed", "--mix", "random:1,long-context:1", "--input-len", "60"},
      {"--dataset-name", "sharegpt", "--max-concurrency", "6"},
      {"--endpoint", "/v1/chat/completions", "--input-len", "20"},
      {"--prompt-as", "text", "--input-len", "20", "--warmup", "2"},
  };
  for (const auto& workload : kWorkloads) {
    std::vector<std::string> arguments{
        "bench", "serve",         "--url",           url,      "--num-prompts",  "9", "--output-len",
        "5",     "--save-result", folder / "r.json", "--html", folder / "r.html"};
    arguments.insert(arguments.end(), workload.begin(), workload.end());
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_NE(finished.out.find("Successful requests:                     9"), std::string::npos)
        << finished.out;
    const json::object result = result_of(folder / "r.json");
    EXPECT_EQ(result.at("completed").as_int64(), 9) << workload[1];
    EXPECT_EQ(result.at("total_output_tokens").as_int64(), 45) << workload[1];
    EXPECT_EQ(result.at("output_tokens_counted_by").at("usage").as_int64(), 9);
    EXPECT_GT(result.at("p99_ttft_ms").as_double(), 0);
    EXPECT_TRUE(testing::read_file(folder / "r.html").ends_with("</html>\n"));
  }
}

TEST(BenchServe, PromptsAreExactlyAsLongAsAskedFor) {
  Served served;
  const testing::TemporaryFolder folder;
  const Finished finished =
      run_program({"bench", "serve", "--url", served.url(), "--num-prompts", "4", "--input-len", "77",
                   "--output-len", "3", "--save-result", folder / "r.json", "--save-detailed"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  const json::object result = result_of(folder / "r.json");
  EXPECT_EQ(json::serialize(result.at("input_lens")), "[77,77,77,77]") << "as the server counts";
  EXPECT_EQ(json::serialize(result.at("output_lens")), "[3,3,3,3]");
}

TEST(BenchServe, TenantsNeedTheirKeys) {
  Served served({"--api-key", "right"});
  const testing::TemporaryFolder folder;
  const Finished finished = run_program({"bench", "serve", "--url", served.url(), "--num-prompts", "40",
                                         "--input-len", "5", "--output-len", "2", "--tenants",
                                         "a=right:1,b=wrong:1", "--save-result", folder / "r.json"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  const json::object result = result_of(folder / "r.json");
  EXPECT_EQ(result.at("tenants").at("a").at("failed").as_int64(), 0);
  EXPECT_EQ(result.at("tenants").at("b").at("completed").as_int64(), 0);
  EXPECT_EQ(result.at("error_counts").at("http_401").at("count"), result.at("tenants").at("b").at("failed"));
}

TEST(BenchServe, RefusesInOneLine) {
  const std::pair<std::vector<std::string>, const char*> kCases[] = {
      {{"--url", "127.0.0.1:80"}, "--url: '127.0.0.1:80' does not begin with http://"},
      {{"--url", "http://127.0.0.1:1"}, "Connection refused"},
      {{"--request-rate", "0"}, "--request-rate: '0'"},
      {{"--goodput", "itl:5"}, "'itl' is none of ttft, tpot, e2el"},
      {{"--metric-percentiles", "50,101"}, "--metric-percentiles: '101'"},
      {{"--percentile-metrics", "xyz"}, "--percentile-metrics: 'xyz'"},
      {{"--priority", "high:1"}, "--priority: 'high' is no whole number"},
      {{"--tenants", "a:0"}, "--tenants: 'a:0': the weight '0'"},
      {{"--extra-body", "[]"}, "--extra-body: no JSON object"},
      {{"--header", "nothing"}, "--header: 'nothing'"},
      {{"--dataset-name", "trace", "--trace", "/absent"}, "/absent"},
  };
  for (const auto& [arguments, message] : kCases) {
    std::vector<std::string> all{"bench", "serve"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Finished finished = run_program(all);
    EXPECT_EQ(finished.status, 1) << message;
    EXPECT_NE(finished.err.find(message), std::string::npos) << finished.err;
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  }
  EXPECT_EQ(run_program({"bench", "serve", "--max-concurrency", "0"}).status, 2);
}

}  // namespace
}  // namespace loci
