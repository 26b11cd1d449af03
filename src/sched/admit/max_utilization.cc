// Room for the tokens that are known now: the most sequences at once, and preemptions when they grow. Source:
// TensorRT-LLM's capacity policy of this name; vLLM admits alike. Cost O(residents).
#include "sched/admit/admit.h"

namespace loci {

int admit_max_utilization(const Admission& admission) {
  return sum_of_missing_blocks(admission, [](const SequenceView&) { return 0; });
}

}  // namespace loci
