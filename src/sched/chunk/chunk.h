// Policy family: how large a step may grow by chunks of prompts, beside the single tokens that are in it.
//
// A large chunk is quick for its prompt and slow for those that read along. The planner gives the budget to
// the candidates in their order, and never fewer than kMinimumChunk rows in all, so that prompts always
// advance.
#pragma once

#include <span>
#include <string_view>

#include "sched/view.h"

namespace loci {

inline constexpr int kMinimumChunk = 16;  // rows: a panel's worth of work, below which a step costs the same

struct ChunkBudget {
  int rows;            // of chunks
  double seconds;      // of the whole step, as predicted; infinity: no limit
  int short_rows = 0;  // so few tokens of a prompt are taken whatever the seconds: cut, they cost the same
};

/// The budget beside `planned`, the single tokens of this step.
using ChunkFunction = ChunkBudget (*)(const SchedulerView& view, const StepWork& planned, Time now);

struct ChunkPolicy {
  std::string_view name;
  ChunkFunction budget;
};

std::span<const ChunkPolicy> chunk_policies();

ChunkBudget chunk_fixed(const SchedulerView& view, const StepWork& planned, Time now);
ChunkBudget chunk_slo(const SchedulerView& view, const StepWork& planned, Time now);
ChunkBudget chunk_splitfuse(const SchedulerView& view, const StepWork& planned, Time now);

/// What a step should be predicted to take at most for `goal` to hold, given how wrong predictions are.
inline double cautious_seconds(const SchedulerView& view, Duration goal) {
  return seconds(goal) / (1 + view.cost.relative_error());
}

}  // namespace loci
