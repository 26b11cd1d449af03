// First come, first served: by arrival. Nobody starves, and nobody is served out of turn for a good reason
// either. Source: Orca (Yu et al. 2022), vLLM's default. Cost O(n).
#include "sched/order/order.h"

namespace loci {

void order_fcfs(const SchedulerView&, Time, std::span<Candidate> candidates, OrderScratch&) {
  for (Candidate& candidate : candidates) candidate.rank = 0;
}

}  // namespace loci
