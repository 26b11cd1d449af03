// The sequence that ranks lowest: offline before online, then by priority, then the latest. Source: vLLM's
// --scheduling-policy priority; Llumnix (Sun et al. 2024, section 4.4). Cost O(n).
#include <algorithm>

#include "sched/preempt/preempt.h"

namespace loci {

int preempt_priority(const SchedulerView&, std::span<const SequenceView* const> candidates, int, Time) {
  const auto lowest = std::ranges::max_element(
      candidates, [](const SequenceView* a, const SequenceView* b) { return outranks(*a, *b); });
  return static_cast<int>(lowest - candidates.begin());
}

}  // namespace loci
