#include "sim/plan/trials.h"

#include <algorithm>

namespace loci::sim {

Result<Load> Trials::load(std::uint64_t requests) {
  if (const auto known = loads_.find(requests); known != loads_.end()) return known->second;
  LOCI_TRY(const Load load, measure(question_, requests));
  return loads_.emplace(requests, load).first->second;
}

Result<Trial> Trials::run(const Arrangement& arrangement, std::uint64_t requests) {
  LOCI_TRY(const Load load, this->load(requests));
  std::pair key{arrangement.text(), load.requests};
  if (const auto found = known_.find(key); found != known_.end()) return all_[found->second];
  if (watcher_) watcher_(static_cast<int>(all_.size()), key.first);
  LOCI_TRY(const Scenario scenario, scenario_of(question_, load, arrangement));
  LOCI_TRY(const SimReport report, simulate(scenario));
  const auto wanted = static_cast<double>(load.requests);
  const double ended = report.metrics.at("requests");
  if (ended >= wanted && !report.faults.empty())
    return fail(ErrorCode::kCorrupt, "{}: {}", arrangement.text(), report.faults.front());
  Trial trial{.arrangement = arrangement,
              .requests = load.requests,
              .attained = report.metrics.at("attained") * ended / wanted,
              .ended = ended >= wanted,
              .metrics = report.metrics,
              .provenance = report.provenance};
  trial.meets = trial.attained >= question_.attain;
  known_.emplace(std::move(key), all_.size());
  return all_.emplace_back(std::move(trial));
}

Result<std::optional<Trial>> Trials::fewest(const Layout& layout, int start, int least, int most,
                                            std::uint64_t requests) {
  int fails = least - 1, meets = most + 1;  // the most that are known to fail, the fewest that meet
  std::optional<Trial> best;
  int next = std::clamp(start, least, std::max(least, most));
  while (meets - fails > 1) {
    LOCI_TRY(Trial trial, run({layout, next}, requests));
    if (trial.meets) {
      meets = next;
      best = std::move(trial);
    } else {
      fails = next;
    }
    if (!best) {  // nothing meets yet: up by half
      next = std::min(most, fails + std::max(1, fails / 2));
    } else if (fails < least) {  // nothing fails yet: down by a quarter
      next = std::max(least, meets - std::max(1, meets / 4));
    } else {
      next = (fails + meets) / 2;
    }
  }
  return best;
}

}  // namespace loci::sim
