#include "model/model.h"

#include <algorithm>

#include "base/check.h"
#include "model/families/family.h"
#include "model/layers/layers.h"
#include "model/rope.h"

namespace loci {

Result<std::unique_ptr<Model>> Model::load(const Checkpoint& checkpoint, const ModelOptions& options,
                                           WorkerPool& pool) {
  LOCI_TRY(ModelPlan plan, plan_model(checkpoint, {.served_context = options.served_context}));
  LOCI_TRY(Weights weights, load_weights(checkpoint, plan, options.dtype, pool));
  return std::unique_ptr<Model>(new Model(std::move(plan.spec), std::move(weights), options.arithmetic));
}

namespace {

/// One past the last position of each row's sequence: where attention is not causal, all rows see all of it.
void sequence_ends(const Batch& batch, std::span<int> ends) {
  int end = 0;
  for (std::size_t i = batch.positions.size(); i-- > 0;) {
    if (i + 1 == batch.positions.size() || batch.sequences[i] != batch.sequences[i + 1])
      end = batch.positions[i] + 1;
    ends[i] = end;
  }
}

}  // namespace

void Model::forward(const Batch& batch, std::span<const kernels::KvView> kv, Workspace& workspace,
                    const kernels::OpTable& ops, WorkerPool& pool) const {
  LOCI_CHECK(batch.rows() <= workspace.limits.rows);
  LOCI_CHECK(kv.size() == spec_.layers.size());
  if (batch.rows() == 0) return;
  for (std::size_t i = 0; i < spec_.ropes.size(); ++i)
    rope_angles(spec_.ropes[i], batch.positions, workspace.angles[i].cos.data(),
                workspace.angles[i].sin.data());
  if (!spec_.causal) sequence_ends(batch, workspace.ends);
  const LayerContext context{spec_, ops, pool, batch, workspace, arithmetic_};
  embed_tokens(context, weights_);
  for (std::size_t i = 0; i < spec_.layers.size(); ++i)
    transformer_layer(context, spec_.layers[i], weights_.layers[i], kv[i]);
  compute_states(context);
  compute_logits(context);
}

void Model::compute_states(const LayerContext& c) const {
  Workspace& w = c.workspace;
  const auto hidden = static_cast<std::size_t>(spec_.hidden_size);
  float* states = w.states();
  for (std::size_t i = 0; i < c.batch.state_rows.size(); ++i)
    std::copy_n(w.hidden.data() + static_cast<std::size_t>(c.batch.state_rows[i]) * hidden, hidden,
                states + i * hidden);
  const int rows = static_cast<int>(c.batch.state_rows.size());
  if (rows > 0) apply_norm(c, spec_.output_norm, weights_.output_norm, states, rows, states);
}

void Model::compute_logits(const LayerContext& c) const {
  Workspace& w = c.workspace;
  const int rows = static_cast<int>(c.batch.logits_rows.size());
  LOCI_CHECK(rows <= w.limits.logits_rows);
  if (rows == 0) return;
  LOCI_CHECK(spec_.has_head);
  const auto hidden = static_cast<std::size_t>(spec_.hidden_size);
  for (std::size_t i = 0; i < c.batch.logits_rows.size(); ++i)
    std::copy_n(w.hidden.data() + static_cast<std::size_t>(c.batch.logits_rows[i]) * hidden, hidden,
                w.last_hidden.data() + i * hidden);
  const float* last = apply_norm(c, spec_.output_norm, weights_.output_norm, w.last_hidden.data(), rows,
                                 w.last_hidden.data());
  if (spec_.embedding.features != spec_.hidden_size) {
    apply_linear(c, weights_.project_out, {last, w.quantized.data()}, rows, w.projected.data(),
                 kernels::MatmulOutput::kStore);
    last = w.projected.data();
  }
  const float* bias = weights_.head_bias.empty() ? nullptr : weights_.head_bias.data();
  apply_matrix(c, {last, w.quantized.data()},
               {.weight = weights_.head,
                .input = nullptr,
                .tokens = rows,
                .mode = kernels::MatmulOutput::kStore,
                .output = w.logits.data(),
                .output_stride = spec_.vocab_size,
                .bias = bias});
  if (spec_.logit_scale != 1 || spec_.logit_softcap > 0)
    c.ops.scale({w.logits.data(), rows, spec_.vocab_size, spec_.vocab_size, spec_.logit_scale, 0,
                 spec_.logit_softcap},
                c.pool);
}

}  // namespace loci
