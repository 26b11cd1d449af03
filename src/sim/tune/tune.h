// The search for the flags under which one machine serves a load best, in the simulator.
//
// Settings spread over the knobs (knobs.h) and the default run a part of the load; the better ones all of it
// (successive halving, Jamieson and Talwalkar 2016); from the best, steps of one knob at a time are taken
// while they help. The curve of step times is the machine's own, so that only what follows from steps is
// predicted; `loci tune` then serves the best for real.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bench/goodput.h"
#include "engine/engine.h"
#include "sim/simulation.h"
#include "sim/tune/knobs.h"

namespace loci::sim {

struct TuneQuestion {
  bench::WorkloadOptions workload;
  ClientOptions clients;  // how it arrives, and how much of it
  bench::Slo slo;         // at least one limit
  EngineLimits limits;    // of the engine whose steps were measured
  EngineConfig config;
  StepCurve curve;
  int settings = 64;  // that are spread over the knobs
  std::uint64_t seed = 0;
};

/// One setting, simulated.
struct TuneTrial {
  Setting setting;
  double attained = 0;                      // share of the requests that meet every limit
  double pressure = 0;                      // the largest 99th percentile, as a share of its limit
  std::map<std::string, double> metrics{};  // of SimReport
};

/// The larger share, in whole percents; of equal shares, the lower pressure.
bool is_better(const TuneTrial& a, const TuneTrial& b);

struct Tuning {
  std::vector<TuneTrial> trials;  // of the whole load, the best first
  int simulated = 0;              // runs, the short ones too
};

using TuneWatcher = std::function<void(int simulated)>;

/// Equal questions have equal answers; the default setting is always among the trials. kInvalidArgument
/// where no limit is given or the workload cannot be; kCorrupt where the simulated engine broke a law.
Result<Tuning> tune(const TuneQuestion& question, const TuneWatcher& watcher = {});

/// One replica under `setting`. With the curve and limits of the question.
Result<Scenario> scenario_of(const TuneQuestion& question, const Setting& setting, std::uint64_t requests);

}  // namespace loci::sim
