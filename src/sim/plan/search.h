// The search for the cheapest arrangement that is good enough.
//
// Layouts (arrangement.h) are compared by successive halving (Jamieson and Talwalkar 2016): all of them in
// short runs, the better half in runs twice as long, the last few in full ones. Of each layout only the
// fewest replicas matter, found by bisection, and one that would cost clearly more than the best known is
// dropped after a single run with as many replicas as that price buys. A short run flatters an overloaded
// fleet, whose queues have not grown yet: so what a layout needs is looked for anew in each longer run.
#pragma once

#include <optional>
#include <vector>

#include "sim/plan/trials.h"

namespace loci::sim {

/// The load or a limit, changed.
struct Sensitivity {
  std::string change;           // "20 % more requests"
  Trial unchanged;              // the winner as it is, under it
  std::optional<Trial> enough;  // the winner's layout with the fewest replicas that meet it; none: too many
};

struct Plan {
  Question question;
  Load load{};                                  // of the full runs
  std::optional<Trial> winner{};                // none: nothing met the limits
  std::optional<Trial> runner_up{};             // the cheapest that is divided otherwise, or by another split
  std::optional<Trial> closest{};               // where nothing met them: what came nearest
  std::vector<Sensitivity> sensitivity{};       // of the winner
  std::vector<Trial> trials{};                  // all that were simulated for the search
  std::vector<bench::RequestResult> results{};  // of the winner, for plots
};

/// Equal questions have equal answers. kInvalidArgument where the model fits nowhere, or the workload or a
/// limit cannot be; errors of simulations.
Result<Plan> search(const Question& question, const Watcher& watcher = {});

}  // namespace loci::sim
