// From the knobs and the memory plan to what an engine is made of.
#pragma once

#include "engine/engine.h"
#include "engine/engine_config.h"
#include "engine/loaded_model.h"
#include "engine/memory_plan.h"

namespace loci {

/// kInvalidArgument naming the policy or mode that does not exist. `model` and `executor` must outlive the
/// engine.
Result<Engine::Parts> engine_parts(const LoadedModel& model, const MemoryPlan& plan,
                                   const EngineConfig& config, Executor& executor);

}  // namespace loci
