#include "sim/simulation.h"

#include <algorithm>
#include <chrono>

namespace loci::sim {
namespace {

double since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// What engines, routers and links did, beside what clients saw.
void add_fleet_metrics(const Fleet& fleet, double duration, std::map<std::string, double>& metrics) {
  EngineCounters total;
  double busy = 0, busiest = 0, kv_use = 0;
  std::uint64_t damaged = 0;
  for (int i = 0; i < fleet.size(); ++i) {
    const Replica& replica = fleet.replica(i);
    busy += replica.busy_seconds();
    kv_use += replica.kv_use() / fleet.size();
    busiest = std::max(busiest, replica.busy_seconds());
    damaged += replica.damaged_payloads();
    if (!replica.up()) continue;
    const EngineCounters& counters = replica.engine().counters();
    total.steps += counters.steps;
    total.preemptions += counters.preemptions;
    total.swaps += counters.swaps;
    total.computed_tokens += counters.computed_tokens;
    total.recomputed_tokens += counters.recomputed_tokens;
    total.stalled_steps += counters.stalled_steps;
  }
  const auto of = [](std::uint64_t count) { return static_cast<double>(count); };
  const double mean = busy / fleet.size();
  metrics["replicas"] = fleet.size();
  metrics["steps"] = of(total.steps);
  metrics["preemptions"] = of(total.preemptions);
  metrics["swaps"] = of(total.swaps);
  metrics["computed_tokens"] = of(total.computed_tokens);
  metrics["recomputed_tokens"] = of(total.recomputed_tokens);
  metrics["stalled_steps"] = of(total.stalled_steps);
  metrics["busy"] = duration > 0 ? mean / duration : 0;
  metrics["kv_use"] = kv_use;
  metrics["imbalance"] = mean > 0 ? busiest / mean : 1;
  metrics["handovers"] = of(fleet.counters().handovers);
  metrics["fetches"] = of(fleet.counters().fetches);
  metrics["moves"] = of(fleet.counters().moves);
  metrics["migrations"] = of(fleet.counters().migrations);
  metrics["failovers"] = of(fleet.counters().failovers);
  metrics["moved_bytes"] = fleet.counters().moved_bytes;
  metrics["damaged_payloads"] = of(damaged);
}

Result<> validate(const Scenario& scenario) {
  for (const FaultSpec& fault : scenario.faults)
    LOCI_TRY_VOID(validate(fault, static_cast<int>(scenario.fleet.members.size())));
  return {};
}

void check(const Checks& checks, SimReport& report) {
  const auto broken = [&](std::string_view what, double is, std::string_view relation, double bound) {
    report.faults.push_back(fmt::format("{} is {:.4g}, not {} {:g}", what, is, relation, bound));
  };
  const auto& metrics = report.metrics;
  if (checks.longest_wait && metrics.at("ttft.max") > *checks.longest_wait)
    broken("the longest wait for a first token, seconds,", metrics.at("ttft.max"), "at most",
           *checks.longest_wait);
  if (checks.fairness && metrics.at("fairness") < *checks.fairness)
    broken("fairness among tenants", metrics.at("fairness"), "at least", *checks.fairness);
  if (checks.attained && metrics.at("attained") < *checks.attained)
    broken("the share within the limits", metrics.at("attained"), "at least", *checks.attained);
}

}  // namespace

Result<SimReport> simulate(const Scenario& scenario) {
  const auto began = std::chrono::steady_clock::now();
  LOCI_TRY_VOID(validate(scenario));
  LOCI_TRY(const auto workload, bench::make_workload(scenario.workload));
  EventQueue queue;
  LOCI_TRY(const auto fleet, Fleet::create(scenario.fleet, queue));
  Clients clients(*workload, scenario.clients, *fleet, queue, scenario.slo);
  for (const FaultSpec& fault : scenario.faults) plan_fault(fault, *fleet, clients, queue);
  clients.start();
  while (!queue.empty() && seconds(queue.now().time_since_epoch()) < scenario.give_up) queue.run_one();

  const double duration = clients.tally().last_end;
  SimReport report{.metrics = clients.tally().metrics(duration),
                   .provenance = scenario.fleet.members.front().replica.curve.provenance,
                   .faults = fleet->find_faults(),
                   .state_hash = bench::mix({fleet->state_hash(), queue.ran(), clients.tally().completed}),
                   .results = clients.results()};
  if (!clients.done()) report.faults.push_back("clients still wait for an answer");
  if (clients.wrong_ends() > 0)
    report.faults.push_back(fmt::format("{} events came behind the end of their job", clients.wrong_ends()));
  add_fleet_metrics(*fleet, duration, report.metrics);
  report.metrics["fairness"] = clients.fairness();
  if (scenario.fleet.oracle_cache)
    report.metrics["oracle_hit_ratio"] =
        fleet->oracle_hits() / std::max(1.0, report.metrics.at("input_tokens"));
  check(scenario.checks, report);
  report.wall_seconds = since(began);
  report.metrics["events"] = static_cast<double>(queue.ran());
  return report;
}

}  // namespace loci::sim
