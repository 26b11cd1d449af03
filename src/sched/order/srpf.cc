// Shortest remaining prefill first, with ageing: who has fewest tokens to compute goes first, which gives the
// least mean time to first token; each second of waiting counts for goals.ageing tokens, so that long prompts
// do not starve: one of n tokens goes before any that arrives n / ageing seconds after it. Source: shortest
// remaining processing time (Schrage 1968) with the linear ageing of operating systems. Cost O(n).
#include "sched/order/order.h"

namespace loci {

void order_srpf(const SchedulerView& view, Time now, std::span<Candidate> candidates, OrderScratch&) {
  for (Candidate& candidate : candidates) {
    const SequenceView& s = *candidate.sequence;
    candidate.rank = s.to_compute() - view.goals.ageing * seconds(now - s.arrival);
  }
}

}  // namespace loci
