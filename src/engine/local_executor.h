// Runs batches with the kernels of this machine. Owns the bytes of the KV blocks, the activations and the
// kernel threads.
#pragma once

#include <memory>
#include <optional>

#include "base/page_warmer.h"
#include "base/worker_pool.h"
#include "engine/executor.h"
#include "kernels/ops.h"
#include "memory/host_tier.h"
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
    int host_blocks = 0;          // slots of the host tier
    bool prefault = false;        // the arena's pages are provided ahead of their use
  };
  /// `model` must outlive the executor.
  static Result<std::unique_ptr<LocalExecutor>> create(const Model& model, const Options& options);

  StepResult run(const Batch& batch) override;

  void copy(std::span<const BlockCopy> copies, std::vector<int>& damaged) override;
  /// The host tier's bytes, for tests that damage them.
  HostTier& host_tier() { return host_; }

 private:
  LocalExecutor(const Model& model, KvArena arena, HostTier host, const Options& options)
      : model_(model),
        arena_(std::move(arena)),
        host_(std::move(host)),
        workspace_(model.spec(), options.limits),
        ops_(*options.ops),
        pool_(options.threads) {
    if (options.prefault) warmer_.emplace(arena_.memory());
  }

  bool copy_one(const BlockCopy& copy);

  const Model& model_;
  KvArena arena_;
  std::optional<PageWarmer> warmer_;  // of the arena
  HostTier host_;
  Workspace workspace_;
  const kernels::OpTable& ops_;
  WorkerPool pool_;
};

}  // namespace loci
