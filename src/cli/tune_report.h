// What `loci tune` found, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "sim/tune/tune.h"

namespace loci::cli {

/// A setting that was served for real, run by run.
struct ServedSetting {
  sim::TuneTrial simulated;
  std::vector<double> attained{}, goodput{}, pressure{};  // [run] share, requests/s, share of the limit
  std::vector<double> ttft{}, tpot{};                     // [run] seconds, 99th percentiles
};

struct TuneReport {
  std::string model, curve;  // the curve's provenance
  sim::Tuning tuning{};
  std::vector<ServedSetting> served{};  // in the simulator's order; the default is among them
};

double median(std::vector<double> values);

/// Of `served`: the one to take. The default, where no other is better by a point of the share that meets
/// the limits or, at equal shares, by a twentieth of the pressure.
std::size_t choose(const std::vector<ServedSetting>& served);

/// Pairs of served settings whose order by measured pressure and share is not the simulator's, of all pairs.
double misordered(const std::vector<ServedSetting>& served);

std::string tune_text(const TuneReport& report);
json::object tune_json(const TuneReport& report);

}  // namespace loci::cli
