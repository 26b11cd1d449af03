#include "model/layers/layers.h"

namespace loci {

void mlp_layer(const LayerContext& c, const LayerSpec& spec, const LayerWeights& weights) {
  Workspace& w = c.workspace;
  const int rows = c.batch.rows();
  c.ops.rms_norm({w.hidden.data(), weights.mlp_norm.data(), c.spec.norm_epsilon, rows, c.spec.hidden_size,
                  w.normed.data()},
                 c.pool);
  apply_linear(c, weights.gate_up, w.normed.data(), w.gate_up.data(), kernels::MatmulOutput::kStore);
  c.ops.silu_mul({w.gate_up.data(), rows, spec.intermediate_size, w.activated.data()}, c.pool);
  apply_linear(c, weights.down, w.activated.data(), w.hidden.data(), kernels::MatmulOutput::kAccumulate);
}

}  // namespace loci
