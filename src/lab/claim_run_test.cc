#include "lab/claim_run.h"

#include <gmock/gmock.h>

#include "lab/claims_page.h"
#include "lab/document.h"
#include "lab/process.h"

namespace loci::lab {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kSimulated = R"(title = "Less is | more"
layer = "gateway"
kind = "simulated"
paper = {figure = "2x", source = "a paper"}
run.scenario = {gain = 1.0}
baseline = {words = "a"}
treatment = {words = "b", scenario = {gain = 0.5}}
metric = {path = "ttft.p99", unit = "ms", direction = "lower", ratio = 0.6}
loses = {words = "at low load", run = {scenario = {low = true}}, metric = {direction = "higher", ratio = 1}}
)";

Claim claim_of(std::string_view text) {
  auto file = parse_toml(text, "claims/less.toml");
  if (!file) throw std::runtime_error(file.error().message);
  auto claim = read_claim(*file);
  if (!claim) throw std::runtime_error(claim.error().message);
  return std::move(*claim);
}

class Silent final : public ClaimObserver {
 public:
  void on_run(std::string_view part, std::string_view side, int pair, double) override {
    order += fmt::format("{}{}{} ", part[0], side[0], pair);
  }
  std::string order{};
};

/// gain * (10 + seed) milliseconds; 3 - gain at low load.
Result<json::object> simulate(const TomlFile& scenario) {
  TomlReader in(scenario);
  const double gain = in.number("gain"), seed = in.number("seed");
  const bool low = in.flag("low", false);
  LOCI_TRY_VOID(in.finish());
  const double p99 = low ? 3 - gain : gain * (10 + seed);
  return json::object{{"ttft", {{"p99", p99}}}};
}

TEST(ClaimRun, PairsAreInterleavedAndShareTheirSeed) {
  const Claim claim = claim_of(kSimulated);
  Silent order;
  const auto result = run_claim(claim, {.simulate = simulate}, 2, order);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(order.order, "cb1 ct1 ct2 cb2 lb1 lt1 lt2 lb2 ") << "who goes first changes";
  EXPECT_EQ(result->main.comparison.baseline, (std::vector<double>{11, 12}));
  EXPECT_EQ(result->main.comparison.treatment, (std::vector<double>{5.5, 6}));
  EXPECT_TRUE(result->main.holds);
  ASSERT_TRUE(result->loses);
  EXPECT_EQ(result->loses->comparison.ratios(), (std::vector<double>{1.25, 1.25}));
  EXPECT_TRUE(result->loses->holds);
}

TEST(ClaimRun, ALosingRegimeOfAnotherMetricTakesTheSameRuns) {
  std::string text(kSimulated);
  text.replace(text.find(", run = {scenario = {low = true}}, metric = {"), 45,
               ", metric = {path = \"twice\", ");
  const auto counted = [](const TomlFile& scenario) -> Result<json::object> {
    const double gain = std::get<double>(scenario.root.find("gain")->value);
    return json::object{{"ttft.p99", gain}, {"twice", 3 - gain}};
  };
  Silent order;
  const auto result = run_claim(claim_of(text), {.simulate = counted}, 2, order);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(order.order, "cb1 ct1 ct2 cb2 ");
  EXPECT_EQ(result->loses->comparison.ratios(), (std::vector<double>{1.25, 1.25}));
}

TEST(ClaimRun, AClaimCanFail) {
  const Claim claim = claim_of(kSimulated);
  Silent silent;
  const auto worse = [](const TomlFile& scenario) -> Result<json::object> {
    const bool treatment = std::get<double>(scenario.root.find("gain")->value) < 1;
    return json::object{{"ttft", {{"p99", treatment ? 7 : 10}}}};
  };
  const auto result = run_claim(claim, {.simulate = worse}, 6, silent);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->main.holds) << "0.7 where 0.6 is claimed";
  EXPECT_FALSE(result->loses->holds);
}

TEST(ClaimRun, CapacityIsTheLargestRateWithinTheLimit) {
  std::string text(kSimulated);
  text.insert(text.find("baseline"),
              "run.capacity = {from = 1, to = 1000, metric = \"ttft.p99\", at_most = 0.5}\n");
  text.replace(text.find("\"ttft.p99\", unit = \"ms\", direction = \"lower\", ratio = 0.6"), 56,
               "\"capacity\", unit = \"1/s\", direction = \"higher\", ratio = 1.8");
  text.replace(text.find("loses"), std::string::npos, "loses = {words = \"never\"}\n");
  Silent silent;
  const auto queue = [](const TomlFile& scenario) -> Result<json::object> {  // 0.5 at 100 a second, or 200
    const double gain = std::get<double>(scenario.root.find("gain")->value);
    const double rate = std::get<double>(scenario.root.find("workload")->find("rate")->value);
    return json::object{{"ttft.p99", gain * rate / 200}};
  };
  const auto result = run_claim(claim_of(text), {.simulate = queue}, 1, silent);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_NEAR(result->main.comparison.baseline[0], 100, 2);
  EXPECT_NEAR(result->main.comparison.treatment[0], 200, 4);
  const auto busy = [](const TomlFile&) -> Result<json::object> { return json::object{{"ttft.p99", 9}}; };
  EXPECT_THAT(run_claim(claim_of(text), {.simulate = busy}, 1, silent).error().message,
              HasSubstr("above 0.5 at capacity.from already"));
  text.replace(text.find("to = 1000"), 9, "to = 0.5 ");
  EXPECT_THAT([&] { claim_of(text); },
              ::testing::ThrowsMessage<std::runtime_error>(HasSubstr("capacity.to")));
}

TEST(ClaimRun, TroubleSaysWhichSide) {
  const Claim claim = claim_of(kSimulated);
  Silent silent;
  EXPECT_THAT(run_claim(claim, {}, 1, silent).error().message,
              HasSubstr("baseline: this program has no simulator"));
  const auto other = [](const TomlFile&) -> Result<json::object> {
    return json::object{{"tpot", 1}, {"n", 2}};
  };
  EXPECT_THAT(run_claim(claim, {.simulate = other}, 1, silent).error().message,
              HasSubstr("no number 'ttft.p99'; it has tpot n"));
  const auto zero = [](const TomlFile& scenario) -> Result<json::object> {
    const bool treatment = std::get<double>(scenario.root.find("gain")->value) < 1;
    return json::object{{"ttft", {{"p99", treatment ? 7 : 0}}}};
  };
  EXPECT_THAT(run_claim(claim, {.simulate = zero}, 1, silent).error().message,
              HasSubstr("the baseline measured 0 ms"));
}

TEST(ClaimRun, ResultsComeBackAsTheyWere) {
  const Claim claim = claim_of(kSimulated);
  Silent silent;
  auto result = run_claim(claim, {.simulate = simulate}, 6, silent);
  ASSERT_TRUE(result);
  result->command = "loci claim run less";
  result->date = "2026-01-01T00:00:00Z";
  const auto scratch = ScratchFolder::make();
  ASSERT_TRUE(scratch);
  const auto folder = *scratch / "results";
  EXPECT_TRUE(read_results(folder)->empty()) << "an absent folder has none";
  ASSERT_TRUE(write_result(folder, *result));
  const auto read = read_results(folder);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(read->at("less")), to_json(*result));
  EXPECT_EQ(status_of(claim, *read), "holds");

  std::string changed(kSimulated);
  changed.replace(changed.find("gain = 0.5"), 10, "gain = 0.4");
  EXPECT_EQ(status_of(claim_of(changed), *read), "not-run") << "the claim is another one now";

  const std::vector<Claim> claims{claim};
  const std::string page = claims_page(claims, *read, "claims.svg");
  EXPECT_THAT(page, HasSubstr("1 claims: 1 hold, 0 fail, 0 not run"));
  EXPECT_THAT(page, HasSubstr("| `less` | Less is \\| more | simulated | holds | 0.5 [0.5, 0.5] |"));
  EXPECT_THAT(page, HasSubstr("at low load: 1.25 [1.25, 1.25]"));
  const std::string plot = claims_plot(claims, *read);
  EXPECT_THAT(plot, HasSubstr("class=\"holds\""));
  EXPECT_THAT(claims_page(claims, {}, "claims.svg"), HasSubstr("| not run |"));
  EXPECT_THAT(claims_plot(claims, {}), ::testing::EndsWith("</svg>\n"));
}

TEST(ClaimResult, WhatIsNoResultIsRefused) {
  for (
      const std::string_view text :
      {"{}", "[]", R"({"id": 1})",
       R"({"id":"a","claim_hash":"xyz","command":"","machine":"","date":"","commit":"","seconds":1,"main":{}})",
       R"({"id":"a","claim_hash":"0123456789abcdef","command":"","machine":"","date":"","commit":"","seconds":1,"main":[]})",
       R"({"id":"a","claim_hash":"0123456789abcdef","command":"","machine":"","date":"","commit":"","seconds":1,
            "main":{"metric":"m","per":"","unit":"u","direction":"up","required_ratio":1,"baseline":[1],"treatment":[1]}})",
       R"({"id":"a","claim_hash":"0123456789abcdef","command":"","machine":"","date":"","commit":"","seconds":1,
            "main":{"metric":"m","per":"","unit":"u","direction":"lower","required_ratio":1,"baseline":[],"treatment":[]}})",
       R"({"id":"a","claim_hash":"0123456789abcdef","command":"","machine":"","date":"","commit":"","seconds":1,
            "main":{"metric":"m","per":"","unit":"u","direction":"lower","required_ratio":1,"baseline":[1],"treatment":[1,2]}})"})
    EXPECT_FALSE(result_from_json(*parse_json(text))) << text;
}

TEST(Document, NumbersByPathAndSelection) {
  const auto lines = parse_output(
      "{\"test\":\"a\",\"batch\":1,\"x\":{\"p99.9\":3,\"y.z\":[1,{\"k\":4}]}}\n{\"test\":\"a\",\"batch\":2}"
      "\n");
  ASSERT_TRUE(lines);
  Metric metric{.path = "x.p99.9", .unit = "ms"};
  EXPECT_THAT(measure(metric, *lines).error().message, HasSubstr("fits 2 of the 2"));
  metric.select.emplace_back("batch", TomlValue{.value = std::int64_t{1}});
  metric.select.emplace_back("test", TomlValue{.value = std::string("a")});
  EXPECT_EQ(measure(metric, *lines), 3);
  metric.path = "x.y.z.1.k";
  EXPECT_EQ(measure(metric, *lines), 4);
  metric.per = "batch";
  EXPECT_EQ(measure(metric, *lines), 4);
  metric.path = "x.y.z.7";
  EXPECT_FALSE(measure(metric, *lines));
  metric.path = "";
  EXPECT_FALSE(measure(metric, *lines));
  EXPECT_FALSE(parse_output(""));
  EXPECT_FALSE(parse_output("{\"a\":1}\nnot json\n"));
}

TEST(Run, MetricsAreSummedOverLabels) {
  const json::object metrics = parse_metrics(
      "# TYPE a counter\na{x=\"1 2\"} 3\na{x=\"2\"} 4\nvllm:b 1e3\nbad\n c 1\nd NaN\ne 5 6x\nf{ 1");
  EXPECT_EQ(metrics.at("a").as_double(), 7);
  EXPECT_EQ(metrics.at("vllm:b").as_double(), 1000);
  EXPECT_EQ(metrics.if_contains("d"), nullptr);
  EXPECT_EQ(metrics.if_contains("e"), nullptr);
}

TEST(Process, OutputStatusAndEnd) {
  const auto scratch = ScratchFolder::make();
  ASSERT_TRUE(scratch);
  auto process =
      Process::start("/bin/sh", {"-c", "echo one; echo two >&2; exit 3"}, {*scratch / "o", *scratch / "e"});
  ASSERT_TRUE(process) << process.error().message;
  ASSERT_TRUE(process->wait(std::chrono::seconds(60)));
  EXPECT_EQ(process->status(), 3);
  EXPECT_EQ(last_line(*scratch / "e"), "two");
  EXPECT_FALSE(Process::start("/no/such/program", {}, {*scratch / "o", *scratch / "e"}));
  auto endless =
      Process::start("/bin/sh", {"-c", "exec tail -f /dev/null"}, {*scratch / "o", *scratch / "e"});
  ASSERT_TRUE(endless);
  EXPECT_FALSE(endless->wait(std::chrono::nanoseconds(1)));
  endless->signal(15);
  ASSERT_TRUE(endless->wait(std::chrono::seconds(60)));
  EXPECT_EQ(endless->status(), 128 + 15);
}

}  // namespace
}  // namespace loci::lab
