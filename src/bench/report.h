// A finished run as text for people, as JSON with the keys of `vllm bench serve`, and as a page with plots.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "bench/arrivals.h"
#include "bench/request_result.h"
#include "bench/summary.h"

namespace loci::bench {

/// What was run, for the reports; what it brought.
struct Report {
  // what was run
  std::string date{};  // "20260131-142500", UTC, as vLLM writes it
  std::string model{}, url{}, endpoint{}, dataset{}, label{}, prompt_form{};
  std::uint64_t seed = 0;
  std::size_t num_prompts = 0;
  ArrivalOptions arrivals{};
  bool open_loop = false, timed_by_trace = false, interrupted = false;
  std::optional<int> max_concurrency{};
  Slo slo{};
  std::vector<std::string> metrics{};  // of "ttft", "tpot", "itl", "e2el": those with percentiles
  std::vector<double> percentiles{99};
  std::vector<std::string> tenants{}, parts{};  // names; reported apart where there are several

  // what it brought
  std::vector<RequestResult> requests{};
  int turns_not_sent = 0;
  Summary total{};
  std::vector<Summary> by_tenant{}, by_part{};
};

/// Fills the summaries from the requests and `duration` (seconds).
void summarize(Report& report, double duration);

/// "99", "99.9": how a percentile is called.
std::string percentile_name(double p);

std::string text_report(const Report& report);
/// `detailed`: also arrays with an entry for each request.
json::object json_report(const Report& report, bool detailed);
/// One HTML file that needs nothing else.
std::string html_report(const Report& report);

}  // namespace loci::bench
