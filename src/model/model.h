// A loaded model: its spec, its weights and the forward pass. Immutable after load: any number of threads may
// share it, each with a workspace and a pool of its own.
#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "base/worker_pool.h"
#include "kernels/ops.h"
#include "model/batch.h"
#include "model/spec.h"
#include "model/weights.h"
#include "model/workspace.h"
#include "tensor/checkpoint.h"

namespace loci {

class Model {
 public:
  /// Plans, packs and validates. Errors name the tensor or the field at fault.
  static Result<std::unique_ptr<Model>> load(const Checkpoint& checkpoint, std::optional<DType> dtype,
                                             WorkerPool& pool);

  const ModelSpec& spec() const { return spec_; }
  const Weights& weights() const { return weights_; }
  DType main_dtype() const { return main_dtype_; }

  /// Computes the batch. Reads and writes the keys and values of its sequences in `kv` [layers]; afterwards
  /// workspace.logits [logits_rows][vocab] holds the distributions of batch.logits_rows, in their order. The
  /// batch must be within workspace.limits. First law: a row's results depend on its sequence's tokens up to
  /// it alone, not on the other rows.
  void forward(const Batch& batch, std::span<const kernels::KvView> kv, Workspace& workspace,
               const kernels::OpTable& ops, WorkerPool& pool) const;

 private:
  Model(ModelSpec spec, Weights weights)
      : spec_(std::move(spec)), weights_(std::move(weights)), main_dtype_(loci::main_dtype(weights_)) {}
  void compute_logits(const Batch& batch, Workspace& workspace, const kernels::OpTable& ops,
                      WorkerPool& pool) const;

  ModelSpec spec_;
  Weights weights_;
  DType main_dtype_;
};

}  // namespace loci
