#include <algorithm>

#include "sched/preempt/preempt.h"

namespace loci {

int preempt_latest(std::span<const SequenceView> candidates, Time) {
  return static_cast<int>(std::ranges::max_element(candidates, arrived_before) - candidates.begin());
}

}  // namespace loci
