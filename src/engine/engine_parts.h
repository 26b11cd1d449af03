// From the knobs and the memory plan to what an engine is made of.
#pragma once

#include "engine/engine.h"
#include "engine/engine_config.h"
#include "engine/loaded_model.h"
#include "engine/memory_plan.h"

namespace loci {

/// What the knobs say of policies, without any memory or model.
struct ConfiguredPolicies {
  SchedulingPolicies policies;
  SchedulingGoals goals;
  EvictFunction evict;
};
/// kInvalidArgument naming the policy or mode that does not exist.
Result<ConfiguredPolicies> configured_policies(const EngineConfig& config);

/// Errors of configured_policies(). `model` and `executor` must outlive the
/// engine.
Result<Engine::Parts> engine_parts(const LoadedModel& model, const MemoryPlan& plan,
                                   const EngineConfig& config, Executor& executor);

}  // namespace loci
