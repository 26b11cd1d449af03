// A step log of the live engine, run again: the same engine, the same requests at the same times, the tokens
// that came. Every plan must be the one that was made then.
#pragma once

#include "engine/step_log.h"
#include "sim/step_curve.h"

namespace loci::sim {

struct ReplayReport {
  std::uint64_t turns = 0, requests = 0, rows = 0;
  std::optional<std::uint64_t> differs_at;  // the first turn whose plan is another one; none: all are equal
  std::vector<MeasuredStep> steps;  // what each was, and how long it took then: what fit_curve() wants
  double seconds = 0;               // from the first step to the last
};

/// kInvalidArgument where the log names a policy that does not exist or a request that no engine takes,
/// kCorrupt for a request that comes twice.
Result<ReplayReport> replay(const StepLog& log);

}  // namespace loci::sim
