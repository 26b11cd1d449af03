// Steps of one size: long prompts are cut and short ones joined until single tokens and chunks together have
// goals.step_tokens rows. Even steps, hence even times between tokens. Without a goal the size is where the
// machine is nearly saturated: n rows take a + b n, which is 90 % of the best rate 1 / b from n = 9 a / b on.
// Source: DeepSpeed-FastGen (Holmes et al. 2024, section 3: Dynamic SplitFuse). Cost O(1).
#include <algorithm>
#include <limits>

#include "sched/chunk/chunk.h"

namespace loci {

ChunkBudget chunk_splitfuse(const SchedulerView& view, const StepWork& planned, Time) {
  const auto [a, b, c, d] = view.cost.coefficients();
  const double saturated = 9 * a < b * view.limits.max_tokens ? 9 * a / b : view.limits.max_tokens;
  const int target = view.goals.step_tokens > 0 ? view.goals.step_tokens : static_cast<int>(saturated);
  const int rows = target - static_cast<int>(planned.tokens);
  return {std::max(rows, kMinimumChunk), std::numeric_limits<double>::infinity()};
}

}  // namespace loci
