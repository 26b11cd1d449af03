// Runs batches with the kernels of this machine. Owns the bytes of the KV blocks, the activations and the
// kernel threads.
#pragma once

#include <memory>

#include "base/worker_pool.h"
#include "engine/executor.h"
#include "kernels/ops.h"
#include "memory/kv_arena.h"
#include "model/model.h"

namespace loci {

class LocalExecutor final : public Executor {
 public:
  struct Options {
    KvLayout kv;
    int kv_blocks;
    WorkspaceLimits limits;
    int threads;
    const kernels::OpTable* ops;  // never null
  };
  /// `model` must outlive the executor.
  static Result<std::unique_ptr<LocalExecutor>> create(const Model& model, const Options& options);

  StepResult run(const Batch& batch) override;

  /// Makes block `to` hold the keys and values of block `from`.
  void copy_block(std::uint32_t from, std::uint32_t to);

 private:
  LocalExecutor(const Model& model, KvArena arena, const Options& options)
      : model_(model),
        arena_(std::move(arena)),
        workspace_(model.spec(), options.limits),
        ops_(*options.ops),
        pool_(options.threads) {}

  const Model& model_;
  KvArena arena_;
  Workspace workspace_;
  const kernels::OpTable& ops_;
  WorkerPool pool_;
};

}  // namespace loci
