// What becomes of a plan when the world is not as it was told: the same arrangement under another load or
// limit, and how many replicas it would need then.
#pragma once

#include "sim/plan/search.h"

namespace loci::sim {

/// 20 % more requests, half the limit on the first token, answers twice as long: those that the question has.
Result<std::vector<Sensitivity>> sensitivity_of(const Question& question, const Load& load,
                                                const Trial& winner, const Watcher& watcher);

}  // namespace loci::sim
