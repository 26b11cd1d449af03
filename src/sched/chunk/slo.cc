// A budget of time: the step is predicted to take no longer than goals.inter_token, or half as long again as
// its single tokens alone where these already take most of that. Everything when nobody decodes: then no one
// waits for the next token. Source: Sarathi-Serve (Agrawal et al. 2024, section 4.3: the token budget is the
// largest that meets the limit on the time between tokens), with the profile replaced by the cost model. Cost
// O(1).
#include <algorithm>
#include <limits>

#include "sched/chunk/chunk.h"

namespace loci {

ChunkBudget chunk_slo(const SchedulerView& view, const StepWork& planned, Time) {
  constexpr double kStretch = 1.5;  // of a step of single tokens alone
  if (planned.tokens == 0) return {view.limits.max_tokens, std::numeric_limits<double>::infinity()};
  const double budget =
      std::max(cautious_seconds(view, view.goals.inter_token), kStretch * view.cost.predict(planned));
  return {view.limits.max_tokens, budget};
}

}  // namespace loci
