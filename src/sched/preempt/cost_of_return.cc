// Computing again is charged at what the rows add to a step, not at the step: they ride beside others.
// Copying is charged both ways. Source: vLLM (Kwon et al. 2023, section 7.3: recomputation or swapping).
#include <algorithm>

#include "sched/preempt/preempt.h"

namespace loci {

ReturnCost cost_of_return(const SchedulerView& view, const SequenceView& sequence) {
  const int kept = std::min(sequence.shared_blocks * view.block_tokens, sequence.computed_tokens);
  StepWork work;
  if (sequence.computed_tokens > kept) work.add_slice(kept, sequence.computed_tokens - kept);
  const double recompute = view.cost.predict(work) - view.cost.predict({});
  const double swap = 2 * view.swap_seconds_per_block * sequence.own_blocks();

  const PreemptionMode mode = view.goals.preemption;
  const bool can_swap = view.swap_seconds_per_block > 0 && sequence.own_blocks() <= view.free_swap_blocks &&
                        mode != PreemptionMode::kRecompute;
  if (can_swap && (mode == PreemptionMode::kSwap || swap < recompute)) return {swap, true};
  return {recompute, false};
}

}  // namespace loci
