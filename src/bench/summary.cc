#include "bench/summary.h"

#include <algorithm>
#include <cmath>

namespace loci::bench {
namespace {

int peak_in_flight(std::span<const RequestResult> requests) {
  std::vector<std::pair<double, int>> changes;  // at one time those that end come first
  for (const RequestResult& request : requests) {
    if (!request.ok()) continue;
    changes.emplace_back(request.sent, 1);
    changes.emplace_back(request.ended, -1);
  }
  std::ranges::sort(changes);
  int now = 0, peak = 0;
  for (const auto& [time, change] : changes) peak = std::max(peak, now += change);
  return peak;
}

double peak_tokens(std::span<const RequestResult> requests) {
  std::map<std::int64_t, double> seconds;
  for (const RequestResult& request : requests)
    for (std::size_t i = 0; request.ok() && i < request.output_times.size(); ++i)
      seconds[static_cast<std::int64_t>(request.output_times[i])] += request.output_counts[i];
  double peak = 0;
  for (const auto& [second, tokens] : seconds) peak = std::max(peak, tokens);
  return peak;
}

void count_error(const RequestResult& request, Summary& summary) {
  ErrorCount& errors = summary.errors[request.error_kind];
  ++errors.count;
  if (!request.retry_after) return;
  ++errors.with_retry_after;
  errors.retry_after_sum += *request.retry_after;
}

}  // namespace

Summary summarize(std::span<const RequestResult> requests, const Slo& slo, double duration) {
  Summary summary;
  summary.duration = duration;
  summary.requests = static_cast<int>(requests.size());
  std::vector<double> ttft, tpot, itl, e2el, delays;
  for (const RequestResult& request : requests) {
    summary.retries += request.retries;
    delays.push_back(request.sent - request.intended);
    if (!request.ok()) {
      count_error(request, summary);
      continue;
    }
    ++summary.completed;
    summary.input_tokens += request.input_tokens();
    summary.output_tokens += request.output_tokens;
    summary.cached_tokens += request.cached_tokens.value_or(0);
    summary.has_cached_tokens |= request.cached_tokens.has_value();
    summary.short_outputs += request.output_tokens < request.planned_output;
    ++summary.counted_by[std::string(name_of(request.counted_by))];
    ttft.push_back(request.ttft());
    if (request.output_tokens > 1) tpot.push_back(request.tpot());
    for (std::size_t i = 1; i < request.output_times.size(); ++i)
      itl.push_back(request.output_times[i] - request.output_times[i - 1]);
    e2el.push_back(request.latency());
  }
  summary.failed = summary.requests - summary.completed;
  summary.goodput = goodput(requests, slo, duration);
  summary.peak_requests = peak_in_flight(requests);
  summary.peak_output_tokens = peak_tokens(requests);
  summary.ttft = Statistics(std::move(ttft));
  summary.tpot = Statistics(std::move(tpot));
  summary.itl = Statistics(std::move(itl));
  summary.e2el = Statistics(std::move(e2el));
  summary.send_delay = Statistics(std::move(delays));
  return summary;
}

}  // namespace loci::bench
