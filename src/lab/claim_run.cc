#include "lab/claim_run.h"

#include <array>
#include <chrono>
#include <functional>

#include "base/time.h"
#include "lab/document.h"

namespace loci::lab {
namespace {

bool asks_for_peaks(const Metric& metric) {
  return metric.path.starts_with("server_peak.") || metric.per.starts_with("server_peak.");
}

Result<Outcome> run_experiment(const Experiment& experiment, const RunPlace& place, int repeats,
                               const std::function<void(std::string_view, int, double)>& on_run) {
  Outcome out{.metric = experiment.metric};
  const std::array<const Side*, 2> sides{&experiment.baseline, &experiment.treatment};
  constexpr std::string_view kNames[] = {"baseline", "treatment"};
  for (int pair = 0; pair < repeats; ++pair) {
    std::array<double, 2> values{};
    for (const std::size_t turn : {0U, 1U}) {
      const std::size_t i = (turn + static_cast<std::size_t>(pair)) % 2;
      const RunRequest request{.repeat = pair + 1, .wants_peaks = asks_for_peaks(experiment.metric)};
      auto document = run_setup(sides[i]->setup, place, request);
      if (!document) return std::unexpected(std::move(document).error().in(kNames[i]));
      auto value = measure(experiment.metric, *document);
      if (!value) return std::unexpected(std::move(value).error().in(kNames[i]));
      values[i] = *value;
      on_run(kNames[i], pair + 1, *value);
    }
    if (values[0] == 0 && values[1] != 0)
      return fail(ErrorCode::kInvalidArgument, "the baseline measured 0 {}: there is no ratio to it",
                  experiment.metric.unit);
    out.comparison.baseline.push_back(values[0]);
    out.comparison.treatment.push_back(values[1]);
  }
  out.interval = out.comparison.interval();
  out.holds = holds(out.metric, out.interval);
  return out;
}

}  // namespace

Result<ClaimResult> run_claim(const Claim& claim, const RunPlace& place, int repeats,
                              ClaimObserver& observer) {
  const auto begin = std::chrono::steady_clock::now();
  ClaimResult result{.id = claim.id, .hash = claim.hash};
  const auto run = [&](const Experiment& experiment, std::string_view part) {
    return run_experiment(
        experiment, place, repeats > 0 ? repeats : experiment.repeats,
        [&](std::string_view side, int pair, double value) { observer.on_run(part, side, pair, value); });
  };
  LOCI_TRY(result.main, run(claim.main, "claim"));
  if (claim.loses.experiment) {
    LOCI_TRY(result.loses, run(*claim.loses.experiment, "losing regime"));
  }
  result.seconds = loci::seconds(std::chrono::steady_clock::now() - begin);
  return result;
}

}  // namespace loci::lab
