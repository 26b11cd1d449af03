// The sequence that arrived last: it has waited for the shortest time. Source: vLLM (Kwon et al. 2023,
// section 4.5), in its first-come-first-served mode. Cost O(n).
#include <algorithm>

#include "sched/preempt/preempt.h"

namespace loci {

int preempt_latest(const SchedulerView&, std::span<const SequenceView* const> candidates, int, Time) {
  const auto last = std::ranges::max_element(
      candidates, [](const SequenceView* a, const SequenceView* b) { return arrived_before(*a, *b); });
  return static_cast<int>(last - candidates.begin());
}

}  // namespace loci
