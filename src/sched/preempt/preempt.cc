#include "sched/preempt/preempt.h"

#include <array>

namespace loci {

std::span<const PreemptPolicy> preempt_policies() {
  static constexpr std::array kTable{PreemptPolicy{"latest", preempt_latest},
                                     PreemptPolicy{"priority", preempt_priority},
                                     PreemptPolicy{"cost", preempt_cost}};
  return kTable;
}

}  // namespace loci
