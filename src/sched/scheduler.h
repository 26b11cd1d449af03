// Plans a step. There is no prefill phase and no decode phase: a sequence has known tokens and computed
// tokens, and the plan closes the gap under a budget of rows (Sarathi-Serve, Agrawal et al. 2024: chunked
// prefill beside decodes).
//
// Pure: the same view, policies and time give the same plan. Cost O(n log n) in the sequences.
//
// Invariants of a plan, for any view whose sequences each fit the pool alone:
//   - rows <= max_tokens, distributions <= max_logits_rows, sequences with KV <= max_sequences
//   - new blocks <= free blocks + blocks of the preempted
//   - a sequence has at most one slice, and not one that is preempted
//   - something is computed whenever anything is running or waiting (no deadlock)
//   - a sequence is preempted only for one that arrived earlier (no livelock: the oldest always advances)
#pragma once

#include "base/error.h"
#include "sched/order/order.h"
#include "sched/preempt/preempt.h"
#include "sched/step_plan.h"
#include "sched/view.h"

namespace loci {

struct SchedulingPolicies {
  OrderFunction order = order_fcfs;
  PreemptFunction preempt = preempt_latest;
};

/// The policies of these names; kInvalidArgument listing those that there are.
Result<SchedulingPolicies> find_policies(std::string_view order, std::string_view preempt);

/// Writes the plan for `view` into `plan` (cleared first).
void plan_step(const SchedulerView& view, const SchedulingPolicies& policies, Time now, StepPlan& plan);

}  // namespace loci
