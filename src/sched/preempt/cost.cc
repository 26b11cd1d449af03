// The sequence whose loss is smallest for each block that is gained: the predicted time to bring it back, by
// computing or by copying. Those that would miss the deadline of their first token for it, or have missed it,
// come last. Ties: the latest. Source: cost of recomputation in InferCept (Abhyankar et al. 2024, equations 1
// to 3), slack as in QLM (Patke et al. 2024). Cost O(n).
#include <algorithm>

#include "sched/preempt/preempt.h"

namespace loci {

int preempt_cost(const SchedulerView& view, std::span<const SequenceView* const> candidates, int needed,
                 Time now) {
  struct Loss {
    bool late;
    double seconds_per_block;
  };
  const auto loss = [&](const SequenceView& s) -> Loss {
    const double back = cost_of_return(view, s).seconds;
    const bool late = s.deadline != Time::max() && seconds(s.deadline - now) < back;
    return {late, back / std::min(needed, s.own_blocks())};
  };
  std::size_t best = 0;
  Loss least = loss(*candidates[0]);
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    const Loss l = loss(*candidates[i]);
    const bool same = l.late == least.late && l.seconds_per_block == least.seconds_per_block;
    const bool less = l.late != least.late ? least.late : l.seconds_per_block < least.seconds_per_block;
    if (less || (same && arrived_before(*candidates[best], *candidates[i]))) best = i, least = l;
  }
  return static_cast<int>(best);
}

}  // namespace loci
