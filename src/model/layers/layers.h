// The layer kinds that models are made of. Each adds its output to the residual stream, workspace.hidden.
#pragma once

#include "kernels/ops.h"
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
};

/// output[row] = linear(input[row]), stored or added; [rows][linear.rows].
void apply_linear(const LayerContext& context, const Linear& linear, const float* input, float* output,
                  kernels::MatmulOutput mode);

/// hidden += W_o attention(rope(W_qkv norm(hidden))); writes the rows' keys and values to `kv`.
void attention_layer(const LayerContext& context, const AttentionSpec& spec, const LayerWeights& weights,
                     const kernels::KvView& kv);

/// hidden += W_down (silu(gate) * up), gate and up = W_gate_up norm(hidden).
void mlp_layer(const LayerContext& context, const LayerSpec& spec, const LayerWeights& weights);

}  // namespace loci
