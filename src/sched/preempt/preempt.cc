#include "sched/preempt/preempt.h"

#include <array>

namespace loci {

std::span<const PreemptPolicy> preempt_policies() {
  static constexpr std::array kTable{PreemptPolicy{"latest", preempt_latest}};
  return kTable;
}

}  // namespace loci
