#include "model/layers/layers.h"

namespace loci {
namespace {

/// Normalizes queries or keys, [rows][stride], in place: each head, or all heads of a row together.
void norm_heads(const LayerContext& c, const AttentionSpec& spec, const Norm& norm, float* values, int heads,
                int stride) {
  if (spec.head_norm == HeadNorm::kNone) return;
  const bool whole = spec.head_norm == HeadNorm::kWholeRow;
  c.ops.norm({.kind = spec.query_key_norm.kind,
              .input = values,
              .weight = norm.weight.data(),
              .bias = norm.bias.empty() ? nullptr : norm.bias.data(),
              .epsilon = spec.query_key_norm.epsilon,
              .tokens = c.batch.rows(),
              .groups = whole ? 1 : heads,
              .features = whole ? heads * spec.head_dim : spec.head_dim,
              .input_stride = stride,
              .output = values,
              .output_stride = stride},
             c.pool);
}

/// Of queries and, behind them, keys.
kernels::RopeArgs rotation(const LayerContext& c, const AttentionSpec& spec, float* queries, int stride) {
  const auto index = static_cast<std::size_t>(spec.rope);
  const Workspace::Angles& angles = c.workspace.angles[index];
  return {.heads = queries,
          .tokens = c.batch.rows(),
          .stride = stride,
          .head_count = spec.heads + spec.kv_heads,
          .head_dim = spec.head_dim,
          .rotary_dim = c.spec.ropes[index].rotary_dim,
          .cos = angles.cos.data(),
          .sin = angles.sin.data()};
}

}  // namespace

LinearInput attend(const LayerContext& c, const AttentionSpec& spec, const LayerWeights& weights,
                   const kernels::KvView& kv, const LinearInput& input) {
  Workspace& w = c.workspace;
  const int rows = c.batch.rows(), stride = weights.query_key_value.rows;
  float* query = w.query_key_value.data();
  apply_linear(c, weights.query_key_value, input, rows, query, kernels::MatmulOutput::kStore);
  if (spec.clip > 0) c.ops.scale({query, rows, stride, stride, 1.0f, spec.clip}, c.pool);

  float* key = query + spec.query_features();
  const float* value = key + spec.kv_features();
  norm_heads(c, spec, weights.query_norm, query, spec.heads, stride);
  norm_heads(c, spec, weights.key_norm, key, spec.kv_heads, stride);

  LinearInput attended{w.attended.data(), w.quantized.data()};
  const bool in_bytes = spec.head_dim % kernels::kQuantizedColumns == 0 &&
                        form_for(c, weights.attention_output) == RowForm::kBytes;
  if (in_bytes) attended.form = RowForm::kBytes;
  const kernels::RaggedRows ragged{c.batch.positions.data(), c.batch.sequences.data(), c.batch.tables.data()};
  kernels::KvWriteArgs written{kv, ragged, key, value, rows, stride, stride};
  kernels::RopeArgs rope{};
  if (spec.rope >= 0) written.rope = &(rope = rotation(c, spec, query, stride));
  c.ops.kv_write(written, c.pool);
  c.ops.attention({.kv = kv,
                   .rows = ragged,
                   .queries = query,
                   .tokens = rows,
                   .query_stride = stride,
                   .heads = spec.heads,
                   .scale = spec.scale,
                   .output = w.attended.data(),
                   .output_stride = spec.query_features(),
                   .window = spec.window,
                   .softcap = spec.softcap,
                   .slopes = c.spec.alibi_slopes.empty() ? nullptr : c.spec.alibi_slopes.data(),
                   .ends = c.spec.causal ? nullptr : w.ends.data(),
                   .bytes = in_bytes ? attended.bytes : nullptr},
                  c.pool);
  return attended;
}

}  // namespace loci
