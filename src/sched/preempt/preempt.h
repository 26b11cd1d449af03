// Policy family: who gives its KV back when a sequence that outranks it needs a block and none is free.
#pragma once

#include <span>
#include <string_view>

#include "sched/view.h"

namespace loci {

/// Index of the victim among `candidates` (never empty; all of them would free something). `needed`: blocks
/// that are missing.
using PreemptFunction = int (*)(const SchedulerView& view, std::span<const SequenceView* const> candidates,
                                int needed, Time now);

struct PreemptPolicy {
  std::string_view name;
  PreemptFunction victim;
};

std::span<const PreemptPolicy> preempt_policies();

int preempt_latest(const SchedulerView&, std::span<const SequenceView* const> candidates, int needed,
                   Time now);
int preempt_priority(const SchedulerView&, std::span<const SequenceView* const> candidates, int needed,
                     Time now);
int preempt_cost(const SchedulerView&, std::span<const SequenceView* const> candidates, int needed, Time now);

/// What it takes to bring a preempted sequence back to where it is.
struct ReturnCost {
  double seconds;
  bool swap;  // by copying its KV out and in again; else by computing it again
};

/// By goals.preemption: as it says, or what is predicted to take less time. Swaps only where the host tier
/// has room. Blocks that others hold too stay where they are and cost nothing.
ReturnCost cost_of_return(const SchedulerView& view, const SequenceView& sequence);

}  // namespace loci
