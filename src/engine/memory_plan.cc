#include "engine/memory_plan.h"

#include <algorithm>

#include "base/log.h"
#include "kernels/kv_address.h"
#include "memory/block_table.h"

namespace loci {
namespace {

/// A model computes in its own type, and so its KV. Quantized weights have no such type and get F16, or BF16
/// where the processor multiplies that at twice the speed.
DType default_kv_dtype(DType main_dtype) {
  if (is_float(main_dtype)) return main_dtype;
  return kernels::ops_for(kernels::best_isa())->bf16_dots ? DType::kBF16 : DType::kF16;
}

Result<> check_config(const EngineConfig& c) {
  const auto check = [](std::string_view flag, std::int64_t value, std::int64_t low,
                        std::int64_t high) -> Result<> {
    if (value >= low && value <= high) return {};
    return fail(ErrorCode::kInvalidArgument, "--{} is {}, must be in {}..{}", flag, value, low, high);
  };
  constexpr int kMany = 1 << 20;
  LOCI_TRY_VOID(check("max-model-len", c.max_model_len, 0, 1 << 28));
  LOCI_TRY_VOID(check("max-num-seqs", c.max_num_seqs, 1, kMany));
  LOCI_TRY_VOID(check("max-num-batched-tokens", c.max_num_batched_tokens, 1, kMany));
  LOCI_TRY_VOID(check("block-size", c.block_size, 1, 4096));
  if (c.kv_cache_dtype && !kernels::is_kv_dtype(*c.kv_cache_dtype))
    return fail(ErrorCode::kInvalidArgument,
                "--kv-cache-dtype {} is not supported: use F32, F16, BF16, int8 or fp8",
                traits(*c.kv_cache_dtype).name);
  return {};
}

/// Blocks for the KV memory that was asked for, or for the default: what max_num_seqs sequences of full
/// length need. Without causal attention a sequence is over when its one step is: the rows of a step are
/// enough.
int kv_blocks(const KvLayout& layout, const MemoryPlan& plan, bool causal, const EngineConfig& config) {
  const auto sequences = static_cast<std::size_t>(config.max_num_seqs);
  const auto full = static_cast<std::size_t>(blocks_for(plan.max_model_len, layout.block_tokens)) * sequences;
  const auto step =
      static_cast<std::size_t>(blocks_for(plan.workspace.rows, layout.block_tokens)) + sequences;
  const std::size_t wanted = causal ? full : std::min(full, step);
  const std::size_t limit = config.kv_cache_memory.value_or(kDefaultKvMemoryLimit) / layout.block_bytes();
  const std::size_t blocks = config.kv_cache_memory ? limit : std::min(wanted, limit);
  return static_cast<int>(std::min<std::size_t>(blocks, std::size_t{1} << 30));
}

}  // namespace

Result<MemoryPlan> plan_memory(const ModelSpec& spec, std::size_t weight_bytes, DType main_dtype,
                               const EngineConfig& config) {
  LOCI_TRY_VOID(check_config(config));
  if (config.max_model_len > spec.context_length)
    return fail(ErrorCode::kInvalidArgument, "--max-model-len is {}, the model's context is {}",
                config.max_model_len, spec.context_length);
  MemoryPlan plan;
  plan.weight_bytes = weight_bytes;
  plan.max_model_len = config.max_model_len > 0 ? config.max_model_len : spec.context_length;
  plan.kv.dtype = config.kv_cache_dtype.value_or(default_kv_dtype(main_dtype));
  plan.kv.block_tokens = config.block_size;
  for (const LayerSpec& layer : spec.layers)
    plan.kv.layers.push_back({layer.attention.kv_heads, layer.attention.head_dim});
  // Where attention is not causal a text is computed in one step, however long it is.
  const int rows = spec.causal ? config.max_num_batched_tokens
                               : std::max(config.max_num_batched_tokens, plan.max_model_len);
  plan.workspace = {rows, std::min(config.max_num_seqs, rows)};
  plan.kv_blocks = kv_blocks(plan.kv, plan, spec.causal, config);
  plan.host_blocks =
      static_cast<int>(std::min<std::uint64_t>(config.swap_space / plan.kv.block_bytes(), 1u << 30));
  if (config.swap_space > 0 && plan.host_blocks == 0)
    return fail(ErrorCode::kInvalidArgument, "--swap-space of {} holds no block: a block takes {}",
                format_bytes(config.swap_space), format_bytes(plan.kv.block_bytes()));
  if (plan.kv_tokens() < plan.max_model_len) {
    if (config.max_model_len > 0 || plan.kv_blocks == 0)
      return fail(
          ErrorCode::kInvalidArgument,
          "--kv-cache-memory holds {} tokens, --max-model-len is {}: raise the first or lower the second",
          plan.kv_tokens(), plan.max_model_len);
    log_warning(
        "the context is limited to the {} tokens that the KV memory holds (the model has {}): raise "
        "--kv-cache-memory",
        plan.kv_tokens(), plan.max_model_len);
    plan.max_model_len = plan.kv_tokens();
  }
  plan.workspace_bytes = Workspace::bytes_for(spec, plan.workspace);
  return plan;
}

std::vector<std::string> MemoryPlan::describe() const {
  std::vector<std::string> lines{
      fmt::format("weights      {:>12}", format_bytes(weight_bytes)),
      fmt::format("KV memory    {:>12}  {} tokens in {} blocks of {} ({}, {} a token)",
                  format_bytes(kv_bytes()), kv_tokens(), kv_blocks, kv.block_tokens, traits(kv.dtype).name,
                  format_bytes(kv.token_bytes())),
      fmt::format("activations  {:>12}  {} rows, {} distributions a step", format_bytes(workspace_bytes),
                  workspace.rows, workspace.logits_rows),
  };
  const std::size_t host = kv.block_bytes() * static_cast<std::size_t>(host_blocks);
  if (host_blocks > 0)
    lines.push_back(fmt::format("host tier    {:>12}  {} blocks", format_bytes(host), host_blocks));
  lines.push_back(
      fmt::format("in all       {:>12}", format_bytes(weight_bytes + kv_bytes() + workspace_bytes + host)));
  return lines;
}

std::string format_bytes(std::size_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace loci
