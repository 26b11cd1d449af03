// Policy family: whether a waiting sequence may start, given what those that run will still need. Starting
// too many ends in preemptions, which compute tokens twice; starting too few leaves memory and cores idle.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sched/view.h"

namespace loci {

/// A sequence that runs, starts in this step, or would like to.
struct Resident {
  const SequenceView* sequence;
  int held;  // blocks that it need not take: its own, or those of a cached prefix that others hold anyway
};

struct Admission {
  const SchedulerView& view;
  std::span<const Resident> residents;  // without `next`
  Resident next;                        // would like to start
};

/// Blocks that have to be free now for `next` to start: what it and the residents are predicted to need
/// beyond what they hold, when that is most. Cost O(residents).
using AdmitFunction = int (*)(const Admission& admission);

struct AdmitPolicy {
  std::string_view name;
  AdmitFunction blocks_needed;
};

std::span<const AdmitPolicy> admit_policies();

int admit_max_utilization(const Admission& admission);
int admit_guaranteed(const Admission& admission);
int admit_predicted(const Admission& admission);

/// Tokens that a sequence is predicted to generate yet, from what those before it did; at most
/// tokens_to_come.
int predicted_output(const SequenceView& sequence, const SchedulingGoals& goals);

/// Blocks that a sequence lacks for all it knows and `more` tokens.
int missing_blocks(const Resident& resident, int more, int block_tokens);

/// Sum of missing_blocks() over the residents and the next, each with `more(sequence)` tokens.
template <class More>
int sum_of_missing_blocks(const Admission& admission, More more) {
  const auto missing = [&](const Resident& resident) {
    return missing_blocks(resident, more(*resident.sequence), admission.view.block_tokens);
  };
  int sum = missing(admission.next);
  for (const Resident& resident : admission.residents) sum += missing(resident);
  return sum;
}

}  // namespace loci
