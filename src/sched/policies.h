// Which policies the planner asks, one of each family, by their names in flags and configuration.
#pragma once

#include <string_view>

#include "base/error.h"
#include "sched/admit/admit.h"
#include "sched/chunk/chunk.h"
#include "sched/order/order.h"
#include "sched/preempt/preempt.h"

namespace loci {

/// The defaults are good without flags: `fair` is first come, first served for one tenant.
struct SchedulingPolicies {
  OrderFunction order = order_fair;
  ChunkFunction chunk = chunk_slo;
  PreemptFunction preempt = preempt_cost;
  AdmitFunction admit = admit_predicted;
};

struct PolicyNames {
  std::string_view order = "fair";
  std::string_view chunk = "slo";
  std::string_view preempt = "cost";
  std::string_view admit = "predicted";
};

/// The policies of these names; kInvalidArgument listing those that there are.
Result<SchedulingPolicies> find_policies(const PolicyNames& names);

/// auto, recompute or swap; kInvalidArgument listing them.
Result<PreemptionMode> find_preemption_mode(std::string_view name);

}  // namespace loci
