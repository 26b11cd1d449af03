// Policy family: who gives its KV back when an older sequence needs a block and none is free.
#pragma once

#include <span>
#include <string_view>

#include "sched/view.h"

namespace loci {

/// Index of the victim among `candidates` (never empty).
using PreemptFunction = int (*)(std::span<const SequenceView> candidates, Time now);

struct PreemptPolicy {
  std::string_view name;
  PreemptFunction victim;
};

std::span<const PreemptPolicy> preempt_policies();

/// The sequence that arrived last loses least: it has waited for the shortest time (vLLM does the same).
int preempt_latest(std::span<const SequenceView> candidates, Time now);

}  // namespace loci
