// The last run of a claim: what is kept in claims/results/<id>.json.
#pragma once

#include <map>

#include "base/json.h"
#include "lab/comparison.h"

namespace loci::lab {

/// What holds of an experiment, as measured.
struct Outcome {
  Metric metric{};  // its path, unit, direction and ratio at the time
  Comparison comparison{};
  Interval interval{};
  bool holds = false;
};

struct ClaimResult {
  std::string id;
  std::uint64_t hash = 0;  // of the claim that was run
  std::string command{}, machine{}, date{}, commit{};
  double seconds = 0;  // that it took
  Outcome main{};
  std::optional<Outcome> loses{};  // where the losing regime was measured
};

json::object to_json(const ClaimResult& result);
/// kCorrupt naming the field that is missing or wrong.
Result<ClaimResult> result_from_json(const json::value& value);

Result<> write_result(const std::filesystem::path& folder, const ClaimResult& result);
/// By id; an absent folder has none. A file that is no result is the error.
Result<std::map<std::string, ClaimResult>> read_results(const std::filesystem::path& folder);

/// "holds", "fails", or "not-run", where there is no result or the claim has changed since.
std::string_view status_of(const Claim& claim, const std::map<std::string, ClaimResult>& results);

}  // namespace loci::lab
