#include "model/layers/layers.h"

namespace loci {

void apply_linear(const LayerContext& context, const Linear& linear, const float* input, int rows,
                  float* output, kernels::MatmulOutput mode) {
  const float* bias = linear.bias.empty() ? nullptr : linear.bias.data();
  for (const kernels::PackedMatrix& part : linear.parts) {
    context.ops.matmul({part, input, rows, mode, output, linear.rows, bias}, context.pool);
    output += part.rows;
    if (bias != nullptr) bias += part.rows;
  }
}

}  // namespace loci
