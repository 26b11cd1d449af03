#include <algorithm>

#include "model/layers/layers.h"
#include "tensor/formats/integer_block.h"

namespace loci {
namespace {

RowForm form_for(const LayerContext& context, const kernels::PackedMatrix& weight) {
  if (context.arithmetic != Arithmetic::kNative) return RowForm::kFloats;
  if (integer_format(weight.dtype) != nullptr) return RowForm::kBytes;
  if (weight.dtype == DType::kW8A8) return RowForm::kScaledBytes;
  const bool rounds = weight.dtype == DType::kBF16 && weight.column_order == nullptr;
  return rounds && context.ops.round != nullptr ? RowForm::kRounded : RowForm::kFloats;
}

/// The rows of one input as matrices multiply them, made once for all that take the columns in the same
/// order.
class PreparedRows {
 public:
  PreparedRows(const LayerContext& context, const LinearInput& input)
      : context_(context), input_(input), made_(input.form) {}

  void apply(kernels::MatmulArgs args) {
    args.input = input_.rows;
    const RowForm form = form_for(context_, args.weight);
    if (form != RowForm::kFloats && (form != made_ || order_ != args.weight.column_order)) make(form, args);
    if (form == RowForm::kBytes) args.quantized = input_.bytes;
    if (form == RowForm::kScaledBytes) args.scaled = input_.scaled(args.weight.columns, args.tokens);
    if (form == RowForm::kRounded) args.rounded = rounded();
    context_.ops.matmul(args, context_.pool);
  }

 private:
  void make(RowForm form, const kernels::MatmulArgs& args) {
    made_ = form;
    order_ = args.weight.column_order;
    const int columns = args.weight.columns;
    if (form == RowForm::kRounded)
      return context_.ops.round({args.input, args.tokens, columns, rounded()}, context_.pool);
    kernels::QuantizeArgs rows{args.input, args.tokens, columns, order_, input_.bytes};
    if (form == RowForm::kScaledBytes) rows.scaled = input_.scaled(columns, args.tokens);
    context_.ops.quantize(rows, context_.pool);
  }
  /// In the memory of the bytes, whose blocks are as large.
  kernels::RoundedRows rounded() const { return reinterpret_cast<kernels::RoundedRows>(input_.bytes); }

  const LayerContext& context_;
  const LinearInput& input_;
  RowForm made_;
  const std::uint32_t* order_ = nullptr;
};

}  // namespace

kernels::ScaledRows LinearInput::scaled(int columns, int count) const {
  auto* blocks = reinterpret_cast<kernels::ScaledBlock*>(bytes);
  const int across = (columns + kernels::kScaledColumns - 1) / kernels::kScaledColumns;
  auto* behind = blocks + static_cast<std::ptrdiff_t>(across) * count;
  return {blocks, reinterpret_cast<kernels::RowScale*>(behind)};
}

RowForm form_for(const LayerContext& context, const Linear& linear) {
  const RowForm form = form_for(context, linear.parts.front());
  const bool all = std::ranges::all_of(linear.parts, [&](const kernels::PackedMatrix& part) {
    return form_for(context, part) == form && part.column_order == nullptr;
  });
  return all ? form : RowForm::kFloats;
}

void apply_matrix(const LayerContext& context, const LinearInput& input, const kernels::MatmulArgs& args) {
  PreparedRows(context, input).apply(args);
}

void apply_linear(const LayerContext& context, const Linear& linear, const LinearInput& input, int rows,
                  float* output, kernels::MatmulOutput mode) {
  PreparedRows input_rows(context, input);
  const float* bias = linear.bias.empty() ? nullptr : linear.bias.data();
  for (const kernels::PackedMatrix& part : linear.parts) {
    input_rows.apply({.weight = part,
                      .input = nullptr,
                      .tokens = rows,
                      .mode = mode,
                      .output = output,
                      .output_stride = linear.rows,
                      .bias = bias});
    output += part.rows;
    if (bias != nullptr) bias += part.rows;
  }
}

}  // namespace loci
