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

/// What rows are when a matrix multiplies them (kernels/quantized_rows.h).
enum class RowForm { kFloats, kBytes, kScaledBytes, kRounded };

/// Rows that matrices take: as floats or, where all of them take the same other form, in that at once.
struct LinearInput {
  const float* rows;             // [rows][columns]; not written where `form` is another
  kernels::QuantizedRows bytes;  // memory for any form; what stands there is `form`
  RowForm form = RowForm::kFloats;

  /// The memory as `count` rows of one scale each.
  kernels::ScaledRows scaled(int columns, int count) const;
};

/// The form in which all matrices of `linear` take their input, its columns in their own order; else kFloats.
RowForm form_for(const LayerContext& context, const Linear& linear);

/// One matrix in the model's arithmetic; `args` without `input` and its other forms.
void apply_matrix(const LayerContext& context, const LinearInput& input, const kernels::MatmulArgs& args);

/// output[row] = linear(input[row]), stored or added; [rows][linear.rows].
void apply_linear(const LayerContext& context, const Linear& linear, const LinearInput& input, int rows,
                  float* output, kernels::MatmulOutput mode);

/// norm(input) in `output`, or `input` itself where the norm is absent. [rows][hidden]
const float* apply_norm(const LayerContext& context, const NormSpec& spec, const Norm& norm,
                        const float* input, int rows, float* output);

/// The same of the residual stream for a matrix that alone reads it, of as many rows as the batch.
LinearInput norm_for(const LayerContext& context, const NormSpec& spec, const Norm& norm,
                     const Linear& reader);

/// hidden += residual_scale * post_norm(linear(input)), and then, where there is one, hidden =
/// stream_norm(hidden).
struct Branch {
  const Linear& linear;
  const NormSpec& post_norm;
  const Norm& post_weights;
  const NormSpec& stream_norm;
  const Norm& stream_weights;
};
void add_branch(const LayerContext& context, const Branch& branch, const LinearInput& input);

/// One layer: norms, attention and MLP, serial or parallel (spec.h). Writes the rows' keys and values to
/// `kv`.
void transformer_layer(const LayerContext& context, const LayerSpec& spec, const LayerWeights& weights,
                       const kernels::KvView& kv);

/// attention(rope(W_qkv input)), in workspace.attended or, for an output projection that takes them, as
/// bytes; writes the rows' keys and values to `kv`.
LinearInput attend(const LayerContext& context, const AttentionSpec& spec, const LayerWeights& weights,
                   const kernels::KvView& kv, const LinearInput& input);

/// f(W_up input), or f(W_gate input) * W_up input, in workspace.activated or, for a `down` that takes them,
/// as bytes.
LinearInput activate_mlp(const LayerContext& context, const MlpSpec& spec, const LayerWeights& weights,
                         const LinearInput& input);

/// workspace.hidden = the tokens' embeddings, with positions and all else that stands before the first layer.
void embed_tokens(const LayerContext& context, const Weights& weights);

}  // namespace loci
