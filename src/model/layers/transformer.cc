#include "model/layers/layers.h"

namespace loci {
namespace {

Branch attention_branch(const LayerSpec& spec, const LayerWeights& weights) {
  return {weights.attention_output, spec.attention_post_norm, weights.attention_post_norm,
          spec.attention_stream_norm, weights.attention_stream_norm};
}
Branch mlp_branch(const LayerSpec& spec, const LayerWeights& weights) {
  return {weights.down, spec.mlp_post_norm, weights.mlp_post_norm, spec.mlp_stream_norm,
          weights.mlp_stream_norm};
}

/// Attention and MLP read the stream as it was before either.
void parallel_layer(const LayerContext& c, const LayerSpec& spec, const LayerWeights& weights,
                    const kernels::KvView& kv) {
  Workspace& w = c.workspace;
  const int rows = c.batch.rows();
  const float* input =
      apply_norm(c, spec.attention_norm, weights.attention_norm, w.hidden.data(), rows, w.normed.data());
  const float* mlp_input = input;
  if (spec.mlp_norm.present)
    mlp_input = apply_norm(c, spec.mlp_norm, weights.mlp_norm, w.hidden.data(), rows, w.mlp_normed.data());
  add_branch(c, attention_branch(spec, weights),
             attend(c, spec.attention, weights, kv, {input, w.quantized.data()}));
  add_branch(c, mlp_branch(spec, weights),
             activate_mlp(c, spec.mlp, weights, {mlp_input, w.quantized.data()}));
}

}  // namespace

void add_branch(const LayerContext& c, const Branch& branch, const LinearInput& input) {
  Workspace& w = c.workspace;
  const int rows = c.batch.rows(), hidden = c.spec.hidden_size;
  if (!branch.post_norm.present && c.spec.residual_scale == 1) {
    apply_linear(c, branch.linear, input, rows, w.hidden.data(), kernels::MatmulOutput::kAccumulate);
  } else {
    apply_linear(c, branch.linear, input, rows, w.branch.data(), kernels::MatmulOutput::kStore);
    const float* added =
        apply_norm(c, branch.post_norm, branch.post_weights, w.branch.data(), rows, w.branch.data());
    c.ops.add({w.hidden.data(), added, rows, hidden, hidden, c.spec.residual_scale}, c.pool);
  }
  apply_norm(c, branch.stream_norm, branch.stream_weights, w.hidden.data(), rows, w.hidden.data());
}

void transformer_layer(const LayerContext& c, const LayerSpec& spec, const LayerWeights& weights,
                       const kernels::KvView& kv) {
  if (spec.parallel) return parallel_layer(c, spec, weights, kv);
  const LinearInput input = norm_for(c, spec.attention_norm, weights.attention_norm, weights.query_key_value);
  add_branch(c, attention_branch(spec, weights), attend(c, spec.attention, weights, kv, input));
  const LinearInput mlp_input = norm_for(c, spec.mlp_norm, weights.mlp_norm, weights.gate_up);
  add_branch(c, mlp_branch(spec, weights), activate_mlp(c, spec.mlp, weights, mlp_input));
}

}  // namespace loci
