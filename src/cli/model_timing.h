// Times the prefill and the decode of a model, each beside its floor. `loci bench model` is the command.
#pragma once

#include <string>
#include <vector>

#include "cli/model_options.h"
#include "engine/local_executor.h"
#include "engine/memory_plan.h"
#include "engine/step_work.h"
#include "kernels/roofline.h"
#include "memory/kv_memory.h"

namespace loci::cli {

struct ModelBenchOptions {
  ModelOptions model;
  int prompt = 512, generate = 128, runs = 3;
  std::vector<int> batches{1};
};

/// A part of what happens between the start and the first token.
struct LoadPart {
  std::string name;  // as LoadOptions::on_part, then "memory" (KV, buffers, threads) and "step" (one token)
  double seconds = 0;
  std::size_t bytes = 0;  // of the packed weights, in "weights"; else 0
};

/// Loads the model as serving it does and computes one token, `runs` times behind one to warm up: medians.
Result<std::vector<LoadPart>> measure_load(const ModelOptions& options, int runs);

struct ModelMeasurement {
  const char* test;  // "prefill" or "decode"
  int batch;
  double tokens;  // computed in `seconds`, the median of several runs or steps
  double seconds;
  double floor_seconds;  // step_work() at the machine's limits
};

/// A plan whose KV memory holds the largest batch whole: -b sequences of -p and -n tokens, which are lowered
/// to the model's context. kInvalidArgument where there is no such memory, kUnsupported for encoders.
Result<MemoryPlan> plan_model_bench(const Model& model, ModelBenchOptions& options);

/// Sequences that share a prompt and are computed side by side, with their KV. Tokens are arbitrary ids: the
/// work does not depend on them.
class BenchSequences {
 public:
  /// The pool must have blocks for `sequences` times `tokens` tokens.
  BenchSequences(LocalExecutor& executor, KvMemory& memory, int vocab, int sequences, int tokens);

  /// Computes positions [begin, begin + count) of the first `sequences` sequences, and the distribution
  /// behind them unless they end before position `prompt`.
  void compute(int sequences, int begin, int count, int prompt);
  /// Gives every sequence the first one's keys and values.
  void share_first();

 private:
  LocalExecutor& executor_;
  int vocab_;
  std::vector<BlockTable> tables_;
  std::vector<TokenId> tokens_;
  std::vector<int> positions_, sequences_, logits_rows_;
  std::vector<const std::uint32_t*> pointers_;
};

class ModelBench {
 public:
  /// All must outlive the bench.
  ModelBench(const Model& model, LocalExecutor& executor, const MemoryPlan& plan,
             const kernels::Roofline& roofline, const ModelBenchOptions& options);

  /// One sequence's prompt, in steps as large as the plan allows.
  ModelMeasurement prefill();
  /// The first `sequences` of the batch, behind copies of the prompt's KV: after prefill().
  ModelMeasurement decode(int sequences);

 private:
  void compute_prompt();
  ModelMeasurement measured(const char* test, double seconds, const StepTokens& tokens) const;

  const Model& model_;
  const MemoryPlan& plan_;
  const kernels::Roofline& roofline_;
  const ModelBenchOptions& options_;
  KvMemory memory_;
  BenchSequences sequences_;
};

}  // namespace loci::cli
