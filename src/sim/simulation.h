// A scenario, run: a fleet, its clients and what befalls it, until all has come to its end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/request_result.h"
#include "sim/clients.h"
#include "sim/fault/fault.h"
#include "sim/fleet.h"

namespace loci::sim {

/// What must hold of a run's figures; where one does not, the run has a fault.
struct Checks {
  std::optional<double> longest_wait{};  // seconds to a first token, of any answered request: none starves
  std::optional<double> fairness{};      // of tenants, at least: Clients::fairness()
  std::optional<double> attained{};      // share of the requests within the workload's limits, at least
};

struct Scenario {
  std::string name;
  FleetOptions fleet;
  bench::WorkloadOptions workload;
  ClientOptions clients;
  bench::Slo slo;
  std::vector<FaultSpec> faults;
  Checks checks{};
  double give_up = 30 * 86400.0;  // virtual seconds behind which what has not ended never will
};

struct SimReport {
  std::map<std::string, double> metrics;  // "ttft.p99" (seconds), "goodput" (requests/s), ...
  std::string provenance;                 // what the times of its steps are: measured, fitted, profile
  std::vector<std::string> faults;        // what must hold and did not; empty in a world without bugs
  std::uint64_t state_hash = 0;           // equal for equal scenarios
  double wall_seconds = 0;
  std::vector<bench::RequestResult> results;  // where the clients keep them
};

/// kInvalidArgument and errors of files from the workload; kInvalidArgument from the router's options.
Result<SimReport> simulate(const Scenario& scenario);

}  // namespace loci::sim
