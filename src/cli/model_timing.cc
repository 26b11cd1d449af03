#include "cli/model_timing.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/system_memory.h"

namespace loci::cli {
namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

template <class F>
double seconds_of(F&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Bytes of the KV of `sequences` sequences of `tokens` tokens.
Result<std::size_t> kv_bytes_for(const Model& model, EngineConfig config, int sequences, int tokens) {
  config.max_model_len = 1;  // no more than what tells the size of a block
  config.kv_cache_memory.reset();
  LOCI_TRY(const MemoryPlan plan,
           plan_memory(model.spec(), weight_bytes(model.weights()), model.main_dtype(), config));
  const auto blocks = static_cast<std::size_t>(blocks_for(tokens, plan.kv.block_tokens));
  return blocks * static_cast<std::size_t>(sequences) * plan.kv.block_bytes();
}

}  // namespace

Result<MemoryPlan> plan_model_bench(const Model& model, ModelBenchOptions& options) {
  const ModelSpec& spec = model.spec();
  if (!spec.causal || !spec.has_head)
    return fail(ErrorCode::kUnsupported, "bench model: {} is an encoder, which decodes nothing",
                spec.architecture);
  if (spec.context_length < 2)
    return fail(ErrorCode::kUnsupported, "bench model: a context of {} leaves no room", spec.context_length);
  options.generate = std::min(options.generate, spec.context_length / 2);
  options.prompt = std::min(options.prompt, spec.context_length - options.generate);
  EngineConfig& config = options.model.engine;
  config.max_num_seqs = *std::ranges::max_element(options.batches);
  config.max_num_batched_tokens = std::max(config.max_num_batched_tokens, config.max_num_seqs);
  config.max_model_len = options.prompt + options.generate;
  LOCI_TRY(const std::size_t needed, kv_bytes_for(model, config, config.max_num_seqs, config.max_model_len));
  const std::size_t available = config.kv_cache_memory.value_or(available_memory());
  if (needed > available && available > 0)
    return fail(ErrorCode::kInvalidArgument,
                "bench model: {} sequences of {} tokens need {} of KV memory, and {} {}: lower -b, -p or -n",
                config.max_num_seqs, config.max_model_len, format_bytes(needed),
                config.kv_cache_memory ? "--kv-cache-memory is" : "there is", format_bytes(available));
  config.kv_cache_memory = needed;
  return plan_memory(spec, weight_bytes(model.weights()), model.main_dtype(), config);
}

BenchSequences::BenchSequences(LocalExecutor& executor, KvMemory& memory, int vocab, int sequences,
                               int tokens)
    : executor_(executor), vocab_(vocab) {
  for (int i = 0; i < sequences; ++i) {
    tables_.emplace_back(memory);
    LOCI_CHECK(memory.grow(tables_.back(), tokens, {}));
  }
}

void BenchSequences::compute(int sequences, int begin, int count, int prompt) {
  tokens_.clear(), positions_.clear(), sequences_.clear(), logits_rows_.clear(), pointers_.clear();
  for (int s = 0; s < sequences; ++s) {
    for (int i = 0; i < count; ++i) {
      tokens_.push_back(((begin + i) * 7 + 1) % vocab_);
      positions_.push_back(begin + i);
      sequences_.push_back(s);
    }
    if (begin + count >= prompt) logits_rows_.push_back(static_cast<int>(tokens_.size()) - 1);
    pointers_.push_back(tables_[static_cast<std::size_t>(s)].data());
  }
  executor_.run({tokens_, positions_, sequences_, pointers_, logits_rows_});
}

void BenchSequences::share_first() {
  const BlockTable& first = tables_.front();
  std::vector<BlockCopy> copies;
  for (std::size_t s = 1; s < tables_.size(); ++s)
    for (int b = 0; b < first.block_count(); ++b)
      copies.push_back({BlockMove::kWithin, first.data()[b], tables_[s].data()[b]});
  std::vector<int> damaged;
  executor_.copy(copies, damaged);
}

ModelBench::ModelBench(const Model& model, LocalExecutor& executor, const MemoryPlan& plan,
                       const kernels::Roofline& roofline, const ModelBenchOptions& options)
    : model_(model),
      plan_(plan),
      roofline_(roofline),
      options_(options),
      memory_({.blocks = plan.kv_blocks, .block_tokens = plan.kv.block_tokens}),
      sequences_(executor, memory_, model.spec().vocab_size, *std::ranges::max_element(options.batches),
                 options.prompt + options.generate) {}

ModelMeasurement ModelBench::prefill() {
  std::vector<double> times;
  for (int run = 0; run <= options_.runs; ++run) {
    const double time = seconds_of([this] { compute_prompt(); });
    if (run > 0) times.push_back(time);  // the first run warms up
  }
  sequences_.share_first();
  return measured("prefill", median(times), {.sequences = 1, .begin = 0, .count = options_.prompt});
}

ModelMeasurement ModelBench::decode(int sequences) {
  std::vector<double> times;
  for (int i = 0; i < options_.generate; ++i)
    times.push_back(
        seconds_of([&] { sequences_.compute(sequences, options_.prompt + i, 1, options_.prompt); }));
  return measured("decode", median(times),
                  {.sequences = sequences, .begin = options_.prompt + options_.generate / 2, .count = 1});
}

void ModelBench::compute_prompt() {
  for (int done = 0; done < options_.prompt;) {
    const int count = std::min(plan_.workspace.rows, options_.prompt - done);
    sequences_.compute(1, done, count, options_.prompt);
    done += count;
  }
}

ModelMeasurement ModelBench::measured(const char* test, double seconds, const StepTokens& tokens) const {
  const kernels::Work work = step_work(model_, plan_.kv, tokens);
  return {test, tokens.sequences, double{1} * tokens.sequences * tokens.count, seconds,
          kernels::floor_seconds(work, roofline_, kernels::best_isa())};
}

}  // namespace loci::cli
