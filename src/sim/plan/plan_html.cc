#include <algorithm>

#include "bench/page.h"
#include "sim/plan/plan_report.h"

namespace loci::sim {
namespace {

using bench::Plot;
using bench::Rows;
using bench::Series;

/// What each arrangement that was tried costs, against what it attained; the chosen one apart.
Plot prices(const Plan& plan) {
  Plot plot{"Price against requests within all limits", "dollars an hour", "% of the requests"};
  for (const Division division : {Division::kAggregated, Division::kDisaggregated, Division::kHybrid})
    plot.series.push_back({std::string(name_of(division)), {}, Series::Style::kDots});
  for (const Trial& trial : plan.trials)
    plot.series[static_cast<std::size_t>(trial.arrangement.layout.division)].points.emplace_back(
        trial.arrangement.price_per_hour(), 100 * trial.attained);
  if (plan.winner) {
    const double at = plan.winner->arrangement.price_per_hour();
    plot.series.push_back({"the cheapest", {{at, 0}, {at, 100 * plan.winner->attained}}});
  }
  return plot;
}

template <class Value>
Plot distribution(const char* title, const Plan& plan, std::optional<double> limit, Value value) {
  std::vector<double> milliseconds;
  for (const bench::RequestResult& request : plan.results)
    if (request.ok()) milliseconds.push_back(1e3 * value(request));
  std::ranges::sort(milliseconds);
  Plot plot{title, "ms", "share of requests"};
  plot.series.push_back({"", bench::cumulative(milliseconds), Series::Style::kSteps});
  if (limit) plot.series.push_back({"limit", {{1e3 * *limit, 0}, {1e3 * *limit, 1}}});
  return plot;
}

std::vector<std::string> cells(std::string name, const Trial& trial) {
  const auto ms = [&](const char* key) { return fmt::format("{:.1f}", 1e3 * trial.metrics.at(key)); };
  return {std::move(name),
          trial.arrangement.text(),
          fmt::format("{:.2f}", trial.arrangement.price_per_hour()),
          fmt::format("{:.1f}", 100 * trial.attained),
          fmt::format("{}", trial.requests),
          ms("ttft.p50"),
          ms("ttft.p99"),
          ms("tpot.p50"),
          ms("tpot.p99"),
          fmt::format("{:.0f}", 100 * trial.metrics.at("busy")),
          trial.provenance};
}

Rows head() {
  return {{"", "arrangement", "$/hour", "% within limits", "requests", "TTFT p50, ms", "p99", "TPOT p50, ms",
           "p99", "busy, %", "times"}};
}

/// All full runs, by price.
Rows tried(const Plan& plan) {
  std::vector<const Trial*> full;
  for (const Trial& trial : plan.trials)
    if (trial.requests == plan.load.requests) full.push_back(&trial);
  std::ranges::stable_sort(full, {}, [](const Trial* trial) { return trial->arrangement.price_per_hour(); });
  Rows rows = head();
  for (const Trial* trial : full) rows.push_back(cells(trial->meets ? "meets" : "", *trial));
  return rows;
}

}  // namespace

std::string plan_html(const Plan& plan) {
  std::string out = bench::page_begin("Plan: " + std::string(plan.question.model->name));
  out += fmt::format(
      "<p>{}.</p><p class=\"soft\">{} simulations, seed {}. Times of steps are not measured: they come from "
      "what the "
      "last column names.</p>\n",
      bench::escape_html(question_text(plan)), plan.trials.size(), plan.question.seed);
  Rows rows = head();
  if (plan.winner) rows.push_back(cells("cheapest", *plan.winner));
  if (plan.runner_up) rows.push_back(cells("runner-up", *plan.runner_up));
  if (plan.closest) rows.push_back(cells("closest; nothing meets the limits", *plan.closest));
  out += bench::table(rows) + "<div class=\"plots\">\n" + bench::figure(prices(plan));
  if (plan.winner) {
    out += bench::figure(distribution("Time to first token of the cheapest", plan, plan.question.slo.ttft,
                                      [](const auto& request) { return request.ttft(); }));
    out += bench::figure(distribution("Time per output token of the cheapest", plan, plan.question.slo.tpot,
                                      [](const auto& request) { return request.tpot(); }));
  }
  out += "</div>\n";
  if (plan.winner) {
    out += "<h2>The cheapest under other conditions</h2><ul>\n";
    for (const Sensitivity& one : plan.sensitivity)
      out += "<li>" + bench::escape_html(sensitivity_text(one)) + "</li>\n";
    out += "</ul>\n";
  }
  return out + "<h2>Full runs</h2>\n" + bench::table(tried(plan)) + std::string(bench::kPageEnd);
}

}  // namespace loci::sim
