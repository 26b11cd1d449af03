// Runs a claim: baseline and treatment in turns, pair by pair, and what the pairs say.
#pragma once

#include "lab/claim_result.h"
#include "lab/run.h"

namespace loci::lab {

class ClaimObserver {
 public:
  virtual ~ClaimObserver() = default;
  /// After each run. `part` is "claim" or "losing regime", `side` "baseline" or "treatment".
  virtual void on_run(std::string_view part, std::string_view side, int pair, double value) = 0;
};

/// `repeats` overrides the claim's if it is not 0. Fills what was measured, not where and when. The side that
/// goes first changes from pair to pair, so that a machine that slows down or warms up favours neither.
Result<ClaimResult> run_claim(const Claim& claim, const RunPlace& place, int repeats,
                              ClaimObserver& observer);

}  // namespace loci::lab
