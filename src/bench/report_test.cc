#include "bench/report.h"

#include <gtest/gtest.h>

#include "bench/plot.h"

namespace loci::bench {
namespace {

RequestResult answer(double intended, int tenant) {
  RequestResult result;
  result.tenant = tenant;
  result.intended = intended;
  result.sent = intended + 0.001;
  result.planned_input = result.planned_output = 10;
  result.prompt_tokens = 12;
  result.cached_tokens = 8;
  result.counted_by = CountSource::kUsage;
  for (int i = 0; i < 10; ++i) {
    result.output_times.push_back(intended + 0.1 + 0.01 * i);
    result.output_counts.push_back(1);
  }
  result.output_tokens = 10;
  result.ended = result.output_times.back();
  return result;
}

Report sample() {
  Report report;
  report.model = "org/<name>";
  report.url = "http://127.0.0.1:8000";
  report.endpoint = "/v1/completions";
  report.dataset = "random";
  report.open_loop = true;
  report.arrivals.rate = 2;
  report.num_prompts = 5;
  report.slo = {.ttft = 0.5};
  report.metrics = {"ttft", "tpot", "itl", "e2el"};
  report.percentiles = {50, 99, 99.9};
  report.tenants = {"light", "heavy"};
  for (int i = 0; i < 4; ++i) report.requests.push_back(answer(0.5 * i, i % 2));
  RequestResult& refused = report.requests.emplace_back();
  refused.error_kind = "http_429";
  refused.retry_after = 3;
  refused.intended = refused.sent = refused.ended = 2;
  refused.tenant = 1;
  summarize(report, 2);
  return report;
}

TEST(Report, JsonHasTheKeysOfVllm) {
  const json::object out = json_report(sample(), true);
  for (const char* key : {"date",
                          "backend",
                          "endpoint_type",
                          "label",
                          "model_id",
                          "num_prompts",
                          "request_rate",
                          "burstiness",
                          "max_concurrency",
                          "duration",
                          "completed",
                          "failed",
                          "total_input_tokens",
                          "total_output_tokens",
                          "request_throughput",
                          "request_goodput",
                          "output_throughput",
                          "total_token_throughput",
                          "input_lens",
                          "output_lens",
                          "ttfts",
                          "itls",
                          "latencies",
                          "start_times",
                          "queue_times",
                          "generated_texts",
                          "errors",
                          "tokenizer_id",
                          "rtfx",
                          "max_output_tokens_per_s",
                          "max_concurrent_requests"})
    EXPECT_TRUE(out.contains(key)) << key;
  for (const char* metric : {"ttft", "tpot", "itl", "e2el", "client_queue_time"})
    for (const char* what : {"mean", "median", "std", "p50", "p99", "p99.9"})
      EXPECT_TRUE(out.contains(fmt::format("{}_{}_ms", what, metric))) << what << " " << metric;
  EXPECT_EQ(out.at("completed").as_int64(), 4);
  EXPECT_EQ(out.at("failed").as_int64(), 1);
  EXPECT_EQ(out.at("total_input_tokens").as_int64(), 48) << "as the server counts";
  EXPECT_EQ(out.at("total_cached_tokens").as_int64(), 32);
  EXPECT_EQ(out.at("output_throughput").as_double(), 20);
  EXPECT_EQ(out.at("request_goodput").as_double(), 2);
  EXPECT_NEAR(out.at("median_ttft_ms").as_double(), 100, 1e-9);
  EXPECT_NEAR(out.at("mean_tpot_ms").as_double(), 10, 1e-9);
  EXPECT_NEAR(out.at("p99_itl_ms").as_double(), 10, 1e-9);
  EXPECT_EQ(out.at("error_counts").at("http_429").at("mean_retry_after_s").as_double(), 3);
  EXPECT_EQ(out.at("output_tokens_counted_by").at("usage").as_int64(), 4);
  EXPECT_EQ(out.at("tenants").at("heavy").at("failed").as_int64(), 1);
  EXPECT_EQ(out.at("tenants").at("light").at("completed").as_int64(), 2);
  EXPECT_EQ(out.at("errors").as_array().size(), 5u);
  EXPECT_FALSE(json_report(sample(), false).contains("ttfts"));
}

TEST(Report, WithoutRequestsAllIsZero) {
  Report report;
  summarize(report, 0);
  const json::object out = json_report(report, true);
  EXPECT_TRUE(out.at("request_goodput").is_null());
  EXPECT_EQ(out.at("p99_ttft_ms").as_double(), 0);
  EXPECT_NE(text_report(report).find("Successful requests:                     0"), std::string::npos);
  EXPECT_TRUE(html_report(report).ends_with("</html>\n"));
  EXPECT_EQ(html_report(report).find("nan"), std::string::npos);
}

TEST(Report, TextIsTheTableThatUsersKnow) {
  const std::string text = text_report(sample());
  for (const char* line :
       {"============ Serving Benchmark Result ============\n", "Successful requests:                     4 ",
        "Request throughput (req/s):              2.00 ", "Request goodput (req/s):                 2.00 ",
        "---------------Time to First Token----------------\n",
        "Mean TTFT (ms):                          100.00 ", "P99.9 ITL (ms):                          10.00 ",
        "http_429:                                1 ", "Client-side Queueing"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(Report, ThePageNeedsNothingElse) {
  const std::string page = html_report(sample());
  EXPECT_NE(page.find("org/&lt;name&gt;"), std::string::npos);
  for (const char* foreign : {"<script", "src=", "href=", "url(", "@import", "org/<name>"})
    EXPECT_EQ(page.find(foreign), std::string::npos) << foreign;
  std::size_t plots = 0;
  for (std::size_t at = 0; (at = page.find("<svg", at)) != std::string::npos; ++at) ++plots;
  EXPECT_EQ(plots, 6u);
  EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
}

TEST(Plot, DistributionsReachOneAtTheLargest) {
  std::vector<double> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(i);
  const Points points = cumulative(values, 100);
  EXPECT_EQ(points.size(), 100u);
  EXPECT_EQ(points.front(), (std::pair<double, double>(10, 0.01)));
  EXPECT_EQ(points.back(), (std::pair<double, double>(1000, 1)));
  EXPECT_TRUE(cumulative({}, 100).empty());
  EXPECT_EQ(cumulative({4}, 100).size(), 1u);
}

TEST(Plot, LiesWithinItsFrame) {
  const std::string text =
      svg({"a < b", "x", "y", {{"one", {{0, 0}, {3.7, 1e6}}}, {"two", {{1, 5}}, Series::Style::kDots}}});
  EXPECT_NE(text.find("a &lt; b"), std::string::npos);
  EXPECT_NE(text.find("<polyline"), std::string::npos);
  EXPECT_NE(text.find("<circle"), std::string::npos);
  EXPECT_EQ(text.find("=\"-"), std::string::npos) << "a coordinate below 0: " << text;
}

}  // namespace
}  // namespace loci::bench
