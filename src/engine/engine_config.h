// The engine's knobs; flags of the same names (with dashes) set them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "engine/tenants.h"
#include "tensor/dtype.h"

namespace loci {

struct EngineConfig {
  int max_model_len = 0;  // tokens of prompt and output of one sequence; 0: the model's context length
  int max_num_seqs = 64;  // sequences in one step
  int max_num_batched_tokens = 512;  // tokens in one step: the budget that prompt chunks and decodes share
  int max_queued_requests = 4096;    // accepted requests that wait; more are refused
  int block_size = 16;               // tokens of a KV block
  std::optional<std::uint64_t> kv_cache_memory{};  // bytes; default: what max_num_seqs sequences of
                                                   // max_model_len need, at most 4 GiB
  bool kv_prefault =
      true;  // the pages of KV memory are provided in idle time, not where steps first use them
  std::optional<DType> kv_cache_dtype{};  // F32, F16, BF16, I8 or F8_E4M3; default: the model's own type (16
                                          // bits if quantized)
  bool prefix_caching = true;             // KV stays in memory when its request has ended, to be found again
  std::uint64_t swap_space = 0;           // bytes of the host tier, to which KV goes before it is given up
  std::string eviction_policy = "priority";    // a name in evict_policies()
  std::string scheduling_policy = "fair";      // a name in order_policies()
  std::string chunk_policy = "slo";            // a name in chunk_policies()
  std::string admission_policy = "predicted";  // a name in admit_policies()
  std::string preemption_policy = "cost";      // a name in preempt_policies()
  std::string preemption_mode = "auto";        // or recompute, swap
  double inter_token_ms = 50;  // that steps with decodes should not exceed for the sake of prompts
  int lpm_group = 8;           // k of the order k-lpm
  double patience = 10;        // order fair: times its own time that a prompt waits for shorter ones at most
  double ageing = 200;         // order srpf: prompt tokens that a second of waiting counts for
  int step_tokens = 0;         // chunk policy splitfuse: rows of every step; 0: from the cost model
  double max_queue_delay_s = 60;  // a request that is predicted to wait longer is refused; 0: none is
  double batch_delay_ms = 0;      // that texts to embed may wait for company
  std::vector<TenantShare> tenants{};
  int kv_events = 0;                            // stored and removed blocks that routers can still read
  std::string step_log{};                       // file of what the engine was asked and decided; empty: none
  std::uint64_t step_log_bytes = 256ull << 20;  // after which it ends
  int threads = 0;                              // kernel threads; 0: one a core that this process may use
  Duration stall_timeout = std::chrono::seconds(4);  // beside eight times what the step was predicted to take
};

}  // namespace loci
