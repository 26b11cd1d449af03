#include "lab/claim_run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>

#include "base/time.h"
#include "lab/document.h"

namespace loci::lab {
namespace {

using OnRun = std::function<void(std::string_view side, int pair, double value)>;

bool asks_for_peaks(const Metric& metric) {
  return metric.path.starts_with("server_peak.") || metric.per.starts_with("server_peak.");
}

/// An experiment's runs, and the numbers that are taken of each.
struct Trial {
  const Experiment& experiment;
  std::vector<Metric> metrics;
  int repeats;
};

/// The metrics of one run of one side.
Result<std::vector<double>> run_side(const Trial& trial, const Side& side, const RunPlace& place, int pair) {
  const bool peaks = std::ranges::any_of(trial.metrics, asks_for_peaks);
  LOCI_TRY(const json::value document, run_setup(side.setup, place, {.repeat = pair, .wants_peaks = peaks}));
  std::vector<double> values;
  for (const Metric& metric : trial.metrics) {
    LOCI_TRY(const double value, measure(metric, document));
    values.push_back(value);
  }
  return values;
}

/// An outcome for each metric.
Result<std::vector<Outcome>> run_trial(const Trial& trial, const RunPlace& place, const OnRun& on_run) {
  std::vector<Outcome> out;
  for (const Metric& metric : trial.metrics) out.push_back({.metric = metric});
  constexpr std::string_view kNames[] = {"baseline", "treatment"};
  for (int pair = 1; pair <= trial.repeats; ++pair) {
    std::array<std::vector<double>, 2> values;
    for (const std::size_t turn : {0U, 1U}) {
      const std::size_t i = (turn + static_cast<std::size_t>(pair) + 1) % 2;
      const Side& side = i == 0 ? trial.experiment.baseline : trial.experiment.treatment;
      auto measured = run_side(trial, side, place, pair);
      if (!measured) return std::unexpected(std::move(measured).error().in(kNames[i]));
      values[i] = std::move(*measured);
      on_run(kNames[i], pair, values[i].front());
    }
    for (std::size_t m = 0; m < out.size(); ++m) {
      if (values[0][m] == 0 && values[1][m] != 0)
        return fail(ErrorCode::kInvalidArgument, "the baseline measured 0 {}: there is no ratio to it",
                    out[m].metric.unit);
      out[m].comparison.baseline.push_back(values[0][m]);
      out[m].comparison.treatment.push_back(values[1][m]);
    }
  }
  for (Outcome& outcome : out) {
    outcome.interval = outcome.comparison.interval();
    outcome.holds = holds(outcome.metric, outcome.interval);
  }
  return out;
}

}  // namespace

Result<ClaimResult> run_claim(const Claim& claim, const RunPlace& place, int repeats,
                              ClaimObserver& observer) {
  const auto begin = std::chrono::steady_clock::now();
  ClaimResult result{.id = claim.id, .hash = claim.hash};
  const auto run = [&](const Experiment& experiment, std::vector<Metric> metrics, std::string_view part) {
    const Trial trial{experiment, std::move(metrics), repeats > 0 ? repeats : experiment.repeats};
    return run_trial(trial, place, [&](std::string_view side, int pair, double value) {
      observer.on_run(part, side, pair, value);
    });
  };
  const auto& losing = claim.loses.experiment;
  std::vector<Metric> metrics{claim.main.metric};
  if (losing && !claim.loses.other_runs) metrics.push_back(losing->metric);
  LOCI_TRY(std::vector<Outcome> outcomes, run(claim.main, metrics, "claim"));
  result.main = outcomes.front();
  if (losing && claim.loses.other_runs) {
    LOCI_TRY(outcomes, run(*losing, {losing->metric}, "losing regime"));
  }
  if (losing) result.loses = outcomes.back();
  result.seconds = loci::seconds(std::chrono::steady_clock::now() - begin);
  return result;
}

}  // namespace loci::lab
