// Earliest deadline first: who has least slack until its first token is due goes first; those without a
// deadline, or that have had their first token, last. Meets all deadlines if any order does, as long as the
// work fits. Source: Liu and Layland 1973, section 7. Cost O(n).
#include <limits>

#include "sched/order/order.h"

namespace loci {

void order_edf(const SchedulerView&, Time now, std::span<Candidate> candidates, OrderScratch&) {
  for (Candidate& candidate : candidates) {
    const Time deadline = candidate.sequence->deadline;
    candidate.rank =
        deadline == Time::max() ? std::numeric_limits<double>::infinity() : seconds(deadline - now);
  }
}

}  // namespace loci
