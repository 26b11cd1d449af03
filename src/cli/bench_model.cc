// `loci bench model [MODEL]`: how fast this machine computes a model: prefill of a prompt, and decode by
// batch.
//
// Every figure is the median of several runs. Tokens are arbitrary ids: the work does not depend on them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/check.h"
#include "base/processors.h"
#include "cli/bench.h"
#include "cli/model_options.h"
#include "engine/local_executor.h"
#include "engine/memory_plan.h"
#include "memory/block_table.h"

namespace loci::cli {
namespace {

struct BenchOptions {
  ModelOptions model;
  int prompt = 512, generate = 64, runs = 3;
  std::vector<int> batches{1, 4, 16, 32};
  bool json = false;
};

struct Measurement {
  const char* test;
  int batch;
  double tokens_per_second;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Sequences of equal length that are computed side by side, with their KV.
class BenchBatch {
 public:
  BenchBatch(Executor& executor, int vocab, BlockPool& pool, int block_tokens, int sequences)
      : executor_(executor), vocab_(vocab) {
    for (int i = 0; i < sequences; ++i) tables_.emplace_back(pool, block_tokens);
  }

  /// Computes the next `count` tokens of every sequence, at most `budget` rows at a time.
  void advance(int count, int budget) {
    for (BlockTable& table : tables_) LOCI_CHECK(table.grow_to(position_ + count));
    const int chunk = std::max(1, budget / static_cast<int>(tables_.size()));
    for (int done = 0; done < count; done += chunk) step(std::min(chunk, count - done));
  }

 private:
  void step(int count) {
    tokens_.clear(), positions_.clear(), sequences_.clear(), logits_rows_.clear(), pointers_.clear();
    for (const BlockTable& table : tables_) {
      for (int i = 0; i < count; ++i) {
        tokens_.push_back((position_ + i * 7 + 1) % vocab_);
        positions_.push_back(position_ + i);
        sequences_.push_back(static_cast<int>(pointers_.size()));
      }
      logits_rows_.push_back(static_cast<int>(tokens_.size()) - 1);
      pointers_.push_back(table.data());
    }
    executor_.run({tokens_, positions_, sequences_, pointers_, logits_rows_});
    position_ += count;
  }

  Executor& executor_;
  int vocab_, position_ = 0;
  std::vector<BlockTable> tables_;
  std::vector<TokenId> tokens_;
  std::vector<int> positions_, sequences_, logits_rows_;
  std::vector<const std::uint32_t*> pointers_;
};

template <class F>
double seconds_of(F&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

class Bench {
 public:
  Bench(LocalExecutor& executor, const MemoryPlan& plan, int vocab, const BenchOptions& options)
      : executor_(executor), plan_(plan), vocab_(vocab), options_(options), pool_(plan.kv_blocks) {}

  Measurement prefill() {
    std::vector<double> times;
    for (int run = 0; run <= options_.runs; ++run) {
      BenchBatch batch(executor_, vocab_, pool_, plan_.kv.block_tokens, 1);
      const double time = seconds_of([&] { batch.advance(options_.prompt, plan_.workspace.rows); });
      if (run > 0) times.push_back(time);  // the first run warms up
    }
    return {"prefill", 1, options_.prompt / median(times)};
  }

  Measurement decode(int sequences) {
    BenchBatch batch(executor_, vocab_, pool_, plan_.kv.block_tokens, sequences);
    batch.advance(options_.prompt, plan_.workspace.rows);
    std::vector<double> times;
    for (int token = 0; token < options_.generate; ++token)
      times.push_back(seconds_of([&] { batch.advance(1, sequences); }));
    return {"decode", sequences, sequences / median(times)};
  }

 private:
  LocalExecutor& executor_;
  const MemoryPlan& plan_;
  int vocab_;
  const BenchOptions& options_;
  BlockPool pool_;
};

void print(const Measurement& m, const BenchOptions& options, const LoadedModel& model, int threads) {
  const std::string_view format = traits(model.model().main_dtype()).name;
  if (options.json)
    fmt::print(
        "{{\"model\":\"{}\",\"test\":\"{}\",\"batch\":{},\"prompt\":{},\"tokens_per_second\":{:.2f},"
        "\"format\":\"{}\",\"threads\":{}}}\n",
        model.name(), m.test, m.batch, options.prompt, m.tokens_per_second, format, threads);
  else
    fmt::print("{:<8} batch {:>3}  {:>10.1f} tokens/s\n", m.test, m.batch, m.tokens_per_second);
  std::fflush(stdout);
}

Result<> bench_model(BenchOptions& options) {
  LOCI_TRY_VOID(options.model.apply());
  LOCI_TRY(const LoadedModel model, LoadedModel::load(options.model.model, options.model.load_options()));
  const ModelSpec& spec = model.model().spec();
  const int largest = *std::ranges::max_element(options.batches);
  EngineConfig& config = options.model.engine;
  config.max_num_seqs = largest;
  config.max_num_batched_tokens = std::max(config.max_num_batched_tokens, largest);
  options.generate = std::min(options.generate, spec.context_length / 2);
  options.prompt = std::min(options.prompt, spec.context_length - options.generate);
  config.max_model_len = options.prompt + options.generate;
  LOCI_TRY(const MemoryPlan plan,
           plan_memory(spec, weight_bytes(model.model().weights()), model.model().main_dtype(), config));
  const int threads = config.threads > 0 ? config.threads : available_processors();
  LOCI_TRY(const auto executor,
           LocalExecutor::create(model.model(), {plan.kv, plan.kv_blocks, plan.workspace, threads,
                                                 kernels::ops_for(kernels::best_isa())}));
  if (!options.json)
    fmt::print("{}, {} threads, prompt of {} tokens\n", model.name(), threads, options.prompt);
  Bench bench(*executor, plan, spec.vocab_size, options);
  print(bench.prefill(), options, model, threads);
  for (const int batch : options.batches) print(bench.decode(batch), options, model, threads);
  return {};
}

}  // namespace

Command add_bench_model(CLI::App& bench) {
  auto options = std::make_shared<BenchOptions>();
  options->model.log_level = "warning";
  CLI::App* model = bench.add_subcommand("model", "prefill and decode of a model, in tokens a second");
  add_model_argument(*model, options->model);
  model->add_option("-p,--prompt", options->prompt, "tokens of the prompt")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  model->add_option("-n,--generate", options->generate, "tokens to decode")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  model->add_option("-b,--batch", options->batches, "sequences decoded together")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  model->add_option("-r,--runs", options->runs, "runs of the prefill")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  model->add_option("-t", options->model.engine.threads, "as --threads")->check(CLI::Range(0, 1024));
  model->add_flag("--json", options->json, "one JSON object a line");
  add_model_options(*model, options->model);
  add_engine_options(*model, options->model);
  return {model, [options] { return bench_model(*options); }};
}

}  // namespace loci::cli
