// The layer kinds that models are made of. Each adds its output to the residual stream, workspace.hidden.
#pragma once

#include "kernels/ops.h"
#include "model/arithmetic.h"
#include "model/batch.h"
#include "model/spec.h"
#include "model/weights.h"
#include "model/workspace.h"

namespace loci {

/// What a layer needs besides its own weights.
struct LayerContext {
  const ModelSpec& spec;
  const kernels::OpTable& ops;
  WorkerPool& pool;
  const Batch& batch;
  Workspace& workspace;
  Arithmetic arithmetic;
};

/// One matrix in the model's arithmetic; `args` without `quantized`.
void apply_matrix(const LayerContext& context, const kernels::MatmulArgs& args);

/// output[row] = linear(input[row]), stored or added; [rows][linear.rows].
void apply_linear(const LayerContext& context, const Linear& linear, const float* input, int rows,
                  float* output, kernels::MatmulOutput mode);

/// norm(input) in `output`, or `input` itself where the norm is absent. [rows][hidden]
const float* apply_norm(const LayerContext& context, const NormSpec& spec, const Norm& norm,
                        const float* input, int rows, float* output);

/// hidden += residual_scale * post_norm(linear(input)), and then, where there is one, hidden =
/// stream_norm(hidden).
struct Branch {
  const Linear& linear;
  const NormSpec& post_norm;
  const Norm& post_weights;
  const NormSpec& stream_norm;
  const Norm& stream_weights;
};
void add_branch(const LayerContext& context, const Branch& branch, const float* input);

/// One layer: norms, attention and MLP, serial or parallel (spec.h). Writes the rows' keys and values to
/// `kv`.
void transformer_layer(const LayerContext& context, const LayerSpec& spec, const LayerWeights& weights,
                       const kernels::KvView& kv);

/// workspace.attended = attention(rope(W_qkv input)); writes the rows' keys and values to `kv`.
void attend(const LayerContext& context, const AttentionSpec& spec, const LayerWeights& weights,
            const kernels::KvView& kv, const float* input);

/// workspace.activated = f(W_up input), or f(W_gate input) * W_up input.
void activate_mlp(const LayerContext& context, const MlpSpec& spec, const LayerWeights& weights,
                  const float* input);

/// workspace.hidden = the tokens' embeddings, with positions and all else that stands before the first layer.
void embed_tokens(const LayerContext& context, const Weights& weights);

}  // namespace loci
