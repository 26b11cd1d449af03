// What serving a model will take of this machine's memory, decided before anything is allocated.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine_config.h"
#include "memory/kv_arena.h"
#include "model/spec.h"
#include "model/workspace.h"

namespace loci {

struct MemoryPlan {
  std::size_t weight_bytes = 0;
  KvLayout kv;
  int kv_blocks = 0;
  int host_blocks = 0;    // of the host tier
  int max_model_len = 0;  // after fitting to the model's context and the KV memory
  WorkspaceLimits workspace;
  std::size_t workspace_bytes = 0;

  std::size_t kv_bytes() const { return kv.block_bytes() * static_cast<std::size_t>(kv_blocks); }
  int kv_tokens() const { return kv_blocks * kv.block_tokens; }

  /// Human-readable lines for the log and for `loci inspect`.
  std::vector<std::string> describe() const;
};

/// The default of --kv-cache-memory never exceeds this.
inline constexpr std::size_t kDefaultKvMemoryLimit = std::size_t{4} << 30;

/// kInvalidArgument naming the flag where the config contradicts the model or itself.
Result<MemoryPlan> plan_memory(const ModelSpec& spec, std::size_t weight_bytes, DType main_dtype,
                               const EngineConfig& config);

/// "1.5 GiB"
std::string format_bytes(std::size_t bytes);

}  // namespace loci
