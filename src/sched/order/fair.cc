// Fair share: tenants get service in proportion to their weights, however much each of them asks for. The
// tenant with the lowest virtual token counter goes first, with its oldest sequence; the tokens that this one
// is about to cost are charged at once (over the tenant's weight), so that a step's rows go to several
// tenants. One tenant alone: first come, first served. Source: Sheng et al., Fairness in serving large
// language models (2024), algorithm 2; the counter itself is kept by whoever counts the service. Cost O(n).
//
// A tenant's counter after the charges of its older sequences is the key of the next one; within a tenant
// keys rise, so sorting by key is the merge that the algorithm makes.
#include "sched/order/order.h"

namespace loci {

void order_fair(const SchedulerView& view, Time, std::span<Candidate> candidates, OrderScratch& scratch) {
  scratch.counters.clear();
  for (const TenantView& tenant : view.tenants) scratch.counters.push_back(tenant.served);
  for (Candidate& candidate : candidates) {
    const auto tenant = static_cast<std::size_t>(candidate.sequence->tenant);
    candidate.rank = scratch.counters[tenant];
    scratch.counters[tenant] += candidate.sequence->to_compute() / view.tenants[tenant].weight;
  }
}

}  // namespace loci
