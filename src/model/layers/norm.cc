#include "model/layers/layers.h"

namespace loci {

const float* apply_norm(const LayerContext& context, const NormSpec& spec, const Norm& norm,
                        const float* input, int rows, float* output) {
  if (!spec.present) return input;
  const int hidden = context.spec.hidden_size;
  context.ops.norm({.kind = spec.kind,
                    .input = input,
                    .weight = norm.weight.data(),
                    .bias = norm.bias.empty() ? nullptr : norm.bias.data(),
                    .epsilon = spec.epsilon,
                    .tokens = rows,
                    .groups = 1,
                    .features = hidden,
                    .input_stride = hidden,
                    .output = output,
                    .output_stride = hidden},
                   context.pool);
  return output;
}

}  // namespace loci
