#include <algorithm>

#include "model/layers/layers.h"
#include "tensor/formats/integer_block.h"

namespace loci {
namespace {

bool multiplies_integers(const LayerContext& context, const kernels::PackedMatrix& weight) {
  return context.arithmetic == Arithmetic::kNative && integer_format(weight.dtype) != nullptr;
}

bool multiplies_bf16(const LayerContext& context, const kernels::PackedMatrix& weight) {
  return context.arithmetic == Arithmetic::kNative && context.ops.round != nullptr &&
         weight.dtype == DType::kBF16 && weight.column_order == nullptr;
}

/// The rows of one input as matrices multiply them, made once for all that take the columns in the same
/// order.
class PreparedRows {
 public:
  PreparedRows(const LayerContext& context, const LinearInput& input)
      : context_(context), input_(input), made_(input.in_bytes ? Made::kBytes : Made::kNothing) {}

  void apply(kernels::MatmulArgs args) {
    args.input = input_.rows;
    if (multiplies_integers(context_, args.weight))
      args.quantized = bytes(args);
    else if (multiplies_bf16(context_, args.weight))
      args.rounded = rounded(args);
    context_.ops.matmul(args, context_.pool);
  }

 private:
  enum class Made { kNothing, kBytes, kRounded };

  const kernels::QuantizedBlock* bytes(const kernels::MatmulArgs& args) {
    const kernels::PackedMatrix& weight = args.weight;
    if (made_ != Made::kBytes || order_ != weight.column_order)
      context_.ops.quantize({args.input, args.tokens, weight.columns, weight.column_order, input_.bytes},
                            context_.pool);
    made_ = Made::kBytes;
    order_ = weight.column_order;
    return input_.bytes;
  }
  /// In the memory of the bytes, whose blocks are as large.
  const kernels::RoundedBlock* rounded(const kernels::MatmulArgs& args) {
    auto* blocks = reinterpret_cast<kernels::RoundedRows>(input_.bytes);
    if (made_ != Made::kRounded)
      context_.ops.round({args.input, args.tokens, args.weight.columns, blocks}, context_.pool);
    made_ = Made::kRounded;
    return blocks;
  }

  const LayerContext& context_;
  const LinearInput& input_;
  Made made_;
  const std::uint32_t* order_ = nullptr;
};

}  // namespace

bool takes_bytes(const LayerContext& context, const Linear& linear) {
  return std::ranges::all_of(linear.parts, [&](const kernels::PackedMatrix& part) {
    return multiplies_integers(context, part) && part.column_order == nullptr;
  });
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
