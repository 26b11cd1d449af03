// Room for every sequence's prompt and the most that it may generate: none of those that start is ever
// preempted for want of memory. Where clients ask for more tokens than they use, memory stays idle. Source:
// TensorRT-LLM's capacity policy GUARANTEED_NO_EVICT; Orca (Yu et al. 2022, section 4.2) reserves alike. Cost
// O(residents).
#include "sched/admit/admit.h"

namespace loci {

int admit_guaranteed(const Admission& admission) {
  return sum_of_missing_blocks(admission, [](const SequenceView& s) { return s.tokens_to_come; });
}

}  // namespace loci
