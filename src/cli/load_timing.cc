// What lies between the start and the first token, part by part.
#include <algorithm>
#include <chrono>

#include "base/processors.h"
#include "cli/model_timing.h"
#include "memory/kv_memory.h"

namespace loci::cli {
namespace {

/// The time from each begin() to the next, or to end().
class Parts {
 public:
  void begin(std::string name) {
    end();
    parts_.push_back({.name = std::move(name)});
    begun_ = std::chrono::steady_clock::now();
  }
  void end() {
    if (parts_.empty()) return;
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - begun_;
    parts_.back().seconds = since.count();
  }
  std::vector<LoadPart> take() { return std::move(parts_); }

 private:
  std::vector<LoadPart> parts_;
  std::chrono::steady_clock::time_point begun_;
};

Result<std::vector<LoadPart>> load_once(const ModelOptions& options) {
  Parts parts;
  LoadOptions load = options.load_options();
  load.on_part = [&](const char* part) { parts.begin(part); };
  LOCI_TRY(const LoadedModel loaded, LoadedModel::load(options.model, load));
  parts.begin("memory");
  const Model& model = loaded.model();
  const std::size_t bytes = weight_bytes(model.weights());
  LOCI_TRY(const MemoryPlan plan, plan_memory(model.spec(), bytes, model.main_dtype(), options.engine));
  const int wanted = options.engine.threads, threads = wanted > 0 ? wanted : available_processors();
  LOCI_TRY(const auto executor,
           LocalExecutor::create(model, {plan.kv, plan.kv_blocks, plan.workspace, threads,
                                         kernels::ops_for(kernels::best_isa())}));
  KvMemory memory({.blocks = plan.kv_blocks, .block_tokens = plan.kv.block_tokens});
  BenchSequences sequence(*executor, memory, model.spec().vocab_size, 1, 1);
  parts.begin("step");
  sequence.compute(1, 0, 1, 1);
  parts.end();
  std::vector<LoadPart> measured = parts.take();
  std::ranges::find(measured, "weights", &LoadPart::name)->bytes = bytes;
  return measured;
}

}  // namespace

Result<std::vector<LoadPart>> measure_load(const ModelOptions& options, int runs) {
  std::vector<std::vector<LoadPart>> measured;
  for (int run = 0; run <= runs; ++run) {
    LOCI_TRY(auto parts, load_once(options));
    if (run > 0) measured.push_back(std::move(parts));
  }
  std::vector<LoadPart> parts = measured.front();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::ranges::sort(measured, {}, [i](const auto& run) { return run[i].seconds; });
    parts[i].seconds = measured[measured.size() / 2][i].seconds;
  }
  return parts;
}

}  // namespace loci::cli
