#include "model/layers/layers.h"

namespace loci {

void apply_linear(const LayerContext& context, const Linear& linear, const float* input, float* output,
                  kernels::MatmulOutput mode) {
  for (const kernels::PackedMatrix& part : linear.parts) {
    context.ops.matmul({part, input, context.batch.rows(), mode, output, linear.rows}, context.pool);
    output += part.rows;
  }
}

}  // namespace loci
