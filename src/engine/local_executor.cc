#include "engine/local_executor.h"

namespace loci {

Result<std::unique_ptr<LocalExecutor>> LocalExecutor::create(const Model& model, const Options& options) {
  LOCI_TRY(KvArena arena, KvArena::allocate(options.kv, options.kv_blocks));
  return std::unique_ptr<LocalExecutor>(new LocalExecutor(model, std::move(arena), options));
}

StepResult LocalExecutor::run(const Batch& batch) {
  model_.forward(batch, arena_.layers(), workspace_, ops_, pool_);
  const auto hidden = static_cast<std::size_t>(model_.spec().hidden_size);
  return {workspace_.logits,
          model_.spec().vocab_size,
          {workspace_.states(), batch.state_rows.size() * hidden},
          model_.spec().hidden_size};
}

}  // namespace loci
