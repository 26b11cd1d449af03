// Longest prefix match first: the more of a sequence's tokens are in memory, the earlier it goes, so that
// what is cached is used before it is evicted. Whoever matches nothing starves under a stream of those that
// do. Source: SGLang's RadixAttention (Zheng et al. 2024, section 3, theorem 3.1: depth-first order of the
// radix tree has the best hit rate, and longest match first is such an order). Cost O(n).
#include "sched/order/order.h"

namespace loci {

void order_lpm(const SchedulerView&, Time, std::span<Candidate> candidates, OrderScratch&) {
  for (Candidate& candidate : candidates) candidate.rank = -candidate.sequence->next_token();
}

}  // namespace loci
