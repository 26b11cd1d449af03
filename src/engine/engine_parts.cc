#include "engine/engine_parts.h"

#include <algorithm>

namespace loci {
namespace {

/// What one core copies and checks at least; to choose between swapping and computing again it need not be
/// exact.
constexpr double kHostBytesPerSecond = 4e9;

EngineLimits limits_of(const MemoryPlan& plan, const ModelSpec& spec, const EngineConfig& config) {
  return {.max_model_len = plan.max_model_len,
          .step = {config.max_num_seqs, plan.workspace.rows, plan.workspace.logits_rows},
          .kv_blocks = plan.kv_blocks,
          .block_tokens = plan.kv.block_tokens,
          .causal = spec.causal,
          .generates = spec.has_head,
          .host_blocks = plan.host_blocks,
          .swap_seconds_per_block = static_cast<double>(plan.kv.block_bytes()) / kHostBytesPerSecond,
          .share_prefixes = config.prefix_caching,
          .kept_kv_events = static_cast<std::size_t>(config.kv_events)};
}

Duration from_ms(double ms) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

/// Shares of the KV become blocks, at least one.
std::vector<TenantShare> tenants_of(const MemoryPlan& plan, const EngineConfig& config) {
  std::vector<TenantShare> tenants = config.tenants;
  for (TenantShare& tenant : tenants)
    if (tenant.kv_share > 0)
      tenant.max_blocks = std::max(1, static_cast<int>(tenant.kv_share * plan.kv_blocks));
  return tenants;
}

Result<SchedulingGoals> goals_of(const EngineConfig& config) {
  SchedulingGoals goals{.inter_token = from_ms(config.inter_token_ms),
                        .lpm_group = config.lpm_group,
                        .ageing = config.ageing,
                        .patience = config.patience,
                        .step_tokens = config.step_tokens,
                        .batch_delay = from_ms(config.batch_delay_ms)};
  LOCI_TRY(goals.preemption, find_preemption_mode(config.preemption_mode));
  return goals;
}

}  // namespace

Result<ConfiguredPolicies> configured_policies(const EngineConfig& config) {
  LOCI_TRY(const SchedulingPolicies policies, find_policies({.order = config.scheduling_policy,
                                                             .chunk = config.chunk_policy,
                                                             .preempt = config.preemption_policy,
                                                             .admit = config.admission_policy}));
  LOCI_TRY(const SchedulingGoals goals, goals_of(config));
  LOCI_TRY(const EvictFunction evict, find_evict_policy(config.eviction_policy));
  return ConfiguredPolicies{policies, goals, evict};
}

Result<Engine::Parts> engine_parts(const LoadedModel& model, const MemoryPlan& plan,
                                   const EngineConfig& config, Executor& executor) {
  LOCI_TRY(const ConfiguredPolicies chosen, configured_policies(config));
  return Engine::Parts{.tokenizer = model.tokenizer(),
                       .end_tokens = model.end_tokens(),
                       .executor = executor,
                       .limits = limits_of(plan, model.model().spec(), config),
                       .policies = chosen.policies,
                       .goals = chosen.goals,
                       .evict = chosen.evict,
                       .tenants = tenants_of(plan, config)};
}

}  // namespace loci
