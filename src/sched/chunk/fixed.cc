// A fixed budget: single tokens and chunks together have limits.max_tokens rows, however long that takes.
// Source: Sarathi-Serve (Agrawal et al. 2024, algorithm 3), with the operator's constant. Cost O(1).
#include <limits>

#include "sched/chunk/chunk.h"

namespace loci {

ChunkBudget chunk_fixed(const SchedulerView& view, const StepWork&, Time) {
  return {view.limits.max_tokens, std::numeric_limits<double>::infinity()};
}

}  // namespace loci
