#include "model/layers/layers.h"

namespace loci {
namespace {

/// The results of gate and up in turns, or of up alone, in workspace.gate_up.
void multiply(const LayerContext& c, const MlpSpec& spec, const Linear& linear, const LinearInput& input) {
  const int rows = c.batch.rows();
  float* output = c.workspace.gate_up.data();
  if (linear.parts.size() == 1 || !spec.gated)
    return apply_linear(c, linear, input, rows, output, kernels::MatmulOutput::kStore);
  for (std::size_t i = 0; i < linear.parts.size(); ++i)
    apply_matrix(c, input,
                 {.weight = linear.parts[i],
                  .input = nullptr,
                  .tokens = rows,
                  .mode = kernels::MatmulOutput::kStore,
                  .output = output + i * kernels::kPanelRows,
                  .output_stride = linear.rows,
                  .bias = linear.bias.empty() ? nullptr : linear.bias.data() + i * kernels::kPanelRows,
                  .panel_step = 2 * kernels::kPanelRows});
}

}  // namespace

LinearInput activate_mlp(const LayerContext& c, const MlpSpec& spec, const LayerWeights& weights,
                         const LinearInput& input) {
  Workspace& w = c.workspace;
  const Linear& linear = weights.gate_up;
  LinearInput activated{w.activated.data(), w.activated_bytes.data()};
  const RowForm form = form_for(c, linear);
  const bool integers = form == RowForm::kBytes || form == RowForm::kScaledBytes;
  if (linear.parts.size() > 1 || !integers) {
    multiply(c, spec, linear, input);
    c.ops.activate({spec.activation, spec.gated, w.gate_up.data(), c.batch.rows(), spec.intermediate_size,
                    w.activated.data()},
                   c.pool);
    return activated;
  }
  const bool in_bytes = form_for(c, weights.down) == RowForm::kBytes;
  if (in_bytes) activated.form = RowForm::kBytes;
  apply_matrix(c, input,
               {.weight = linear.parts.front(),
                .input = nullptr,
                .tokens = c.batch.rows(),
                .mode = kernels::MatmulOutput::kActivate,
                .output = w.activated.data(),
                .output_stride = spec.intermediate_size,
                .bias = linear.bias.empty() ? nullptr : linear.bias.data(),
                .activation = spec.activation,
                .gated = spec.gated,
                .bytes = in_bytes ? activated.bytes : nullptr});
  return activated;
}

}  // namespace loci
