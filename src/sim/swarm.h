// Random scenarios: every seed another fleet, with tiny pools, any policy of every family, and faults. What
// must hold, must hold in all of them. (Swarm testing: Groce et al., ISSTA 2012: leaving features out at
// random finds more than all of them always.)
#pragma once

#include "sim/simulation.h"

namespace loci::sim {

Scenario swarm_scenario(std::uint64_t seed);

/// "seed 7: 3 replicas, dualmap, k-lpm, 12 blocks of 4, crash, slow": what it was, for who looks into it.
std::string describe(const Scenario& scenario);

/// What was wrong with one seed: faults of a run, a request without an end, or two equal runs that differ.
/// Empty: nothing.
std::vector<std::string> check_seed(std::uint64_t seed, bool twice);

}  // namespace loci::sim
