// A loaded model: its spec, its weights and the forward pass. Immutable after load: any number of threads may
// share it, each with a workspace and a pool of its own.
#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "base/worker_pool.h"
#include "kernels/ops.h"
#include "model/arithmetic.h"
#include "model/batch.h"
#include "model/spec.h"
#include "model/weights.h"
#include "model/workspace.h"
#include "tensor/checkpoint.h"

namespace loci {

struct ModelOptions {
  std::optional<DType> dtype{};  // of the float matrices; none: as stored
  Arithmetic arithmetic = Arithmetic::kNative;
  int served_context = 0;  // positions that will be served, 0: all (PlanOptions)
};

struct LayerContext;

class Model {
 public:
  /// Plans, packs and validates. Errors name the tensor or the field at fault.
  static Result<std::unique_ptr<Model>> load(const Checkpoint& checkpoint, const ModelOptions& options,
                                             WorkerPool& pool);

  const ModelSpec& spec() const { return spec_; }
  const Weights& weights() const { return weights_; }
  DType main_dtype() const { return main_dtype_; }
  Arithmetic arithmetic() const { return arithmetic_; }

  /// Computes the batch. Reads and writes the keys and values of its sequences in `kv` [layers]; afterwards
  /// workspace.logits [logits_rows][vocab] holds the distributions of batch.logits_rows, in their order, and
  /// workspace.states() [state_rows][hidden] the last hidden states of batch.state_rows. Where the model is
  /// not causal a sequence must lie in one batch as a whole. The batch must be within workspace.limits. First
  /// law: a row's results depend on its sequence's tokens up to it alone, not on the other rows.
  void forward(const Batch& batch, std::span<const kernels::KvView> kv, Workspace& workspace,
               const kernels::OpTable& ops, WorkerPool& pool) const;

 private:
  Model(ModelSpec spec, Weights weights, Arithmetic arithmetic)
      : spec_(std::move(spec)),
        weights_(std::move(weights)),
        main_dtype_(loci::main_dtype(weights_)),
        arithmetic_(arithmetic) {}
  void compute_states(const LayerContext& context) const;
  void compute_logits(const LayerContext& context) const;

  ModelSpec spec_;
  Weights weights_;
  DType main_dtype_;
  Arithmetic arithmetic_;
};

}  // namespace loci
