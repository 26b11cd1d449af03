#include "engine/local_executor.h"

#include <cstring>

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

void LocalExecutor::copy_block(std::uint32_t from, std::uint32_t to) {
  const kernels::KvView& kv = arena_.layers().front();  // a block holds all layers
  std::memcpy(kv.arena + to * kv.block_bytes, kv.arena + from * kv.block_bytes, kv.block_bytes);
}

}  // namespace loci
