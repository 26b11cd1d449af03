// One run of one side of a claim: starts what its setup names and returns what it printed, as JSON.
//
//   command      what it prints
//   server       the report of `bench serve`; beside its fields
//                  background      the reports of the background loads, in order
//                  server          the server's metrics at the end, summed over labels, and peak_rss_bytes
//                  server_peak     the largest value that each had while the load ran, asked for every 50 ms
//   scenario     the simulator's report; with a search that of the largest rate that it found, and
//   `capacity`,
//                that rate
#pragma once

#include <functional>
#include <string_view>

#include "base/json.h"
#include "lab/claim.h"

namespace loci::lab {

/// What runs need of the program around them.
struct RunPlace {
  std::filesystem::path program{};  // loci itself
  std::filesystem::path models{};   // where made models are kept
  std::function<Result<json::object>(const TomlFile& scenario)> simulate{};
};

struct RunRequest {
  int repeat = 0;  // runs of one pair share it: it is the seed of loads and scenarios that bring none
  bool wants_peaks = false;  // whether server_peak is looked at
};

/// Blocks until the run has ended; nothing of it is left behind but made models.
Result<json::value> run_setup(const Setup& setup, const RunPlace& place, const RunRequest& request);

/// Metrics in Prometheus's text format, by name, summed over labels. Lines that are none are passed over.
json::object parse_metrics(std::string_view text);

}  // namespace loci::lab
