// By the priority that the request carries, lower numbers first, then by arrival. A low priority starves for
// as long as a higher one fills the machine: that is what it asks for. Source: vLLM's --scheduling-policy
// priority. Cost O(n).
#include "sched/order/order.h"

namespace loci {

void order_priority(const SchedulerView&, Time, std::span<Candidate> candidates, OrderScratch&) {
  for (Candidate& candidate : candidates) candidate.rank = candidate.sequence->priority;
}

}  // namespace loci
