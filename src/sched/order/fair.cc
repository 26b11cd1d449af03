// Fair share: tenants get service in proportion to their weights, however much each of them asks for. The
// tenant with the lowest virtual token counter goes first; the tokens that its sequence is about to cost are
// charged at once (over the tenant's weight), so that a step's rows go to several tenants. Source: Sheng et
// al., Fairness in serving large language models (2024), algorithm 2; the counter itself is kept by whoever
// counts the service.
//
// Within a tenant each prompt is due at its arrival + goals.patience x the time that what is left of it takes
// alone, by the cost model: a short one need not wait behind a long one, the long one waits for shorter ones
// no longer than so many times its own time, and prompts of one length go first come, first served (shortest
// remaining time, Schrage 1968, weighed by arrival). Who has had a token goes by arrival: somebody reads
// along. Cost O(n log n).
//
// A tenant's counter after the charges of its earlier due sequences is the key of the next one; within a
// tenant keys rise, so sorting by key is the merge that the algorithm makes.
#include <algorithm>

#include "sched/order/order.h"

namespace loci {
namespace {

double due_seconds(const SequenceView& sequence, const SchedulerView& view) {
  const double arrival = seconds(sequence.arrival.time_since_epoch());
  if (sequence.generated() > 0) return arrival;
  StepWork left;
  left.add_slice(sequence.next_token(), sequence.to_compute());
  return arrival + view.goals.patience * view.cost.predict(left);
}

}  // namespace

void order_fair(const SchedulerView& view, Time, std::span<Candidate> candidates, OrderScratch& scratch) {
  scratch.due.clear();
  for (Candidate& candidate : candidates) {
    candidate.rank = due_seconds(*candidate.sequence, view);
    scratch.due.push_back(&candidate);
  }
  std::ranges::sort(scratch.due, [](const Candidate* a, const Candidate* b) {
    return a->rank != b->rank ? a->rank < b->rank : a < b;
  });
  scratch.counters.clear();
  for (const TenantView& tenant : view.tenants) scratch.counters.push_back(tenant.served);
  for (Candidate* candidate : scratch.due) {
    const auto tenant = static_cast<std::size_t>(candidate->sequence->tenant);
    candidate->rank = scratch.counters[tenant];
    scratch.counters[tenant] += candidate->sequence->to_compute() / view.tenants[tenant].weight;
  }
}

}  // namespace loci
