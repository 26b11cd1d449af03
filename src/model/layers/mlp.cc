#include "model/layers/layers.h"

namespace loci {

void activate_mlp(const LayerContext& c, const MlpSpec& spec, const LayerWeights& weights,
                  const float* input) {
  Workspace& w = c.workspace;
  const int rows = c.batch.rows();
  apply_linear(c, weights.gate_up, input, rows, w.gate_up.data(), kernels::MatmulOutput::kStore);
  c.ops.activate(
      {spec.activation, spec.gated, w.gate_up.data(), rows, spec.intermediate_size, w.activated.data()},
      c.pool);
}

}  // namespace loci
