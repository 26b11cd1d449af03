#include "model/layers/layers.h"

namespace loci {

void attention_layer(const LayerContext& c, const AttentionSpec& spec, const LayerWeights& weights,
                     const kernels::KvView& kv) {
  Workspace& w = c.workspace;
  const int rows = c.batch.rows();
  c.ops.rms_norm({w.hidden.data(), weights.attention_norm.data(), c.spec.norm_epsilon, rows,
                  c.spec.hidden_size, w.normed.data()},
                 c.pool);
  apply_linear(c, weights.query_key_value, w.normed.data(), w.query_key_value.data(),
               kernels::MatmulOutput::kStore);

  const int stride = weights.query_key_value.rows;
  float* query = w.query_key_value.data();
  float* key = query + spec.query_features();
  const float* value = key + spec.kv_features();
  const int rotary_dim = c.spec.rope.rotary_dim;
  c.ops.rope({query, rows, stride, spec.heads, spec.head_dim, rotary_dim, w.cos.data(), w.sin.data()},
             c.pool);
  c.ops.rope({key, rows, stride, spec.kv_heads, spec.head_dim, rotary_dim, w.cos.data(), w.sin.data()},
             c.pool);

  const kernels::RaggedRows ragged{c.batch.positions.data(), c.batch.sequences.data(), c.batch.tables.data()};
  c.ops.kv_write({kv, ragged, key, value, rows, stride, stride}, c.pool);
  c.ops.attention(
      {kv, ragged, query, rows, stride, spec.heads, spec.scale, w.attended.data(), spec.query_features()},
      c.pool);
  apply_linear(c, weights.attention_output, w.attended.data(), w.hidden.data(),
               kernels::MatmulOutput::kAccumulate);
}

}  // namespace loci
