#include "model/layers/layers.h"

namespace loci {
namespace {

kernels::NormArgs norm_args(const LayerContext& context, const NormSpec& spec, const Norm& norm,
                            const float* input, int rows, float* output) {
  const int hidden = context.spec.hidden_size;
  return {.kind = spec.kind,
          .input = input,
          .weight = norm.weight.data(),
          .bias = norm.bias.empty() ? nullptr : norm.bias.data(),
          .epsilon = spec.epsilon,
          .tokens = rows,
          .groups = 1,
          .features = hidden,
          .input_stride = hidden,
          .output = output,
          .output_stride = hidden};
}

}  // namespace

const float* apply_norm(const LayerContext& context, const NormSpec& spec, const Norm& norm,
                        const float* input, int rows, float* output) {
  if (!spec.present) return input;
  context.ops.norm(norm_args(context, spec, norm, input, rows, output), context.pool);
  return output;
}

LinearInput norm_for(const LayerContext& context, const NormSpec& spec, const Norm& norm,
                     const Linear& reader) {
  Workspace& w = context.workspace;
  if (!spec.present) return {w.hidden.data(), w.quantized.data()};
  kernels::NormArgs args =
      norm_args(context, spec, norm, w.hidden.data(), context.batch.rows(), w.normed.data());
  LinearInput normed{w.normed.data(), w.quantized.data(), form_for(context, reader)};
  if (normed.form == RowForm::kRounded) normed.form = RowForm::kFloats;
  if (normed.form == RowForm::kBytes) args.bytes = normed.bytes;
  if (normed.form == RowForm::kScaledBytes) args.scaled = normed.scaled(args.features, args.tokens);
  context.ops.norm(args, context.pool);
  return normed;
}

}  // namespace loci
