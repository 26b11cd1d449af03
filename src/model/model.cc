#include "model/model.h"

#include <algorithm>

#include "base/check.h"
#include "model/families/family.h"
#include "model/layers/layers.h"
#include "model/rope.h"

namespace loci {

Result<std::unique_ptr<Model>> Model::load(const Checkpoint& checkpoint, std::optional<DType> dtype,
                                           WorkerPool& pool) {
  LOCI_TRY(ModelPlan plan, plan_model(checkpoint));
  LOCI_TRY(Weights weights, load_weights(checkpoint, plan, dtype, pool));
  return std::unique_ptr<Model>(new Model(std::move(plan.spec), std::move(weights)));
}

void Model::forward(const Batch& batch, std::span<const kernels::KvView> kv, Workspace& workspace,
                    const kernels::OpTable& ops, WorkerPool& pool) const {
  LOCI_CHECK(batch.rows() <= workspace.limits.rows);
  LOCI_CHECK(kv.size() == spec_.layers.size());
  if (batch.rows() == 0) return;
  rope_angles(spec_.rope, batch.positions, workspace.cos.data(), workspace.sin.data());
  ops.embed({weights_.embedding, batch.tokens.data(), batch.rows(), workspace.hidden.data()}, pool);
  const LayerContext context{spec_, ops, pool, batch, workspace};
  for (std::size_t i = 0; i < spec_.layers.size(); ++i) {
    attention_layer(context, spec_.layers[i].attention, weights_.layers[i], kv[i]);
    mlp_layer(context, spec_.layers[i], weights_.layers[i]);
  }
  compute_logits(batch, workspace, ops, pool);
}

void Model::compute_logits(const Batch& batch, Workspace& workspace, const kernels::OpTable& ops,
                           WorkerPool& pool) const {
  const int rows = static_cast<int>(batch.logits_rows.size());
  LOCI_CHECK(rows <= workspace.limits.logits_rows);
  if (rows == 0) return;
  const auto hidden = static_cast<std::size_t>(spec_.hidden_size);
  for (std::size_t i = 0; i < batch.logits_rows.size(); ++i)
    std::copy_n(workspace.hidden.data() + static_cast<std::size_t>(batch.logits_rows[i]) * hidden, hidden,
                workspace.last_hidden.data() + i * hidden);
  float* last = workspace.last_hidden.data();
  ops.rms_norm({last, weights_.output_norm.data(), spec_.norm_epsilon, rows, spec_.hidden_size, last}, pool);
  ops.matmul(
      {weights_.head, last, rows, kernels::MatmulOutput::kStore, workspace.logits.data(), spec_.vocab_size},
      pool);
}

}  // namespace loci
