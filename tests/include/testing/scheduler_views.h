// Makes what policies see, for the tests of sched/.
#pragma once

#include <vector>

#include "memory/block_table.h"
#include "sched/view.h"

namespace loci::testing {

inline Time at_ms(int milliseconds) {
  return Time(std::chrono::milliseconds(milliseconds));
}

/// A sequence that arrived `id` ms after the beginning.
inline SequenceView sequence(int id, int known, int computed, int block_tokens = 4) {
  SequenceView s{SequenceId(id), at_ms(id), known, computed, blocks_for(computed, block_tokens),
                 known - 1,      false,     {}};
  s.prompt_tokens = known;
  return s;
}

/// A cost model that has seen steps of `a` seconds and `b` seconds a token.
inline CostModel fitted(double a, double b) {
  CostModel cost;
  for (int i = 0; i < 400; ++i) {
    StepWork work;
    work.add_slice(i % 11 * 300, 1 + i % 7 * 40);
    if (i % 3 == 0) work.add_slice(i % 5 * 1000, 1);
    cost.observe(work, a + b * work.tokens);
  }
  return cost;
}

/// Owns what a SchedulerView points at.
struct Scene {
  std::vector<SequenceView> running{}, waiting{};
  int free_blocks = 1000;
  StepLimits limits{8, 100, 8};
  std::vector<TenantView> tenants{TenantView{}};
  int block_tokens = 4;
  SchedulingGoals goals{};
  CostModel cost{};
  double swap_seconds_per_block = 0;

  SchedulerView view() const {
    return {running, waiting, tenants, free_blocks,           block_tokens,
            limits,  cost,    goals,   swap_seconds_per_block};
  }
};

}  // namespace loci::testing
