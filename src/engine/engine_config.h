// The engine's knobs; flags of the same names (with dashes) set them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
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
  std::optional<DType> kv_cache_dtype{};   // F32, F16, BF16, I8 or F8_E4M3; default: the model's own type (16
                                           // bits if quantized)
  std::string scheduling_policy = "fcfs";  // a name in order_policies()
  std::string preemption_policy = "latest";  // a name in preempt_policies()
  int threads = 0;                           // kernel threads; 0: one a core that this process may use
  Duration stall_timeout = std::chrono::seconds(30);
};

}  // namespace loci
