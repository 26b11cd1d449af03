#include <algorithm>

#include "model/layers/layers.h"
#include "tensor/formats/integer_block.h"

namespace loci {
namespace {

bool multiplies_integers(const LayerContext& context, const kernels::PackedMatrix& weight) {
  return context.arithmetic == Arithmetic::kNative && integer_format(weight.dtype) != nullptr;
}

/// The rows of one input as bytes, made once for all matrices that take the columns in the same order.
class RowsOfBytes {
 public:
  RowsOfBytes(const LayerContext& context, const LinearInput& input)
      : context_(context), input_(input), made_(input.in_bytes) {}

  void apply(kernels::MatmulArgs args) {
    const kernels::PackedMatrix& weight = args.weight;
    args.input = input_.rows;
    if (multiplies_integers(context_, weight)) {
      if (!made_ || order_ != weight.column_order)
        context_.ops.quantize({args.input, args.tokens, weight.columns, weight.column_order, input_.bytes},
                              context_.pool);
      made_ = true;
      order_ = weight.column_order;
      args.quantized = input_.bytes;
    }
    context_.ops.matmul(args, context_.pool);
  }

 private:
  const LayerContext& context_;
  const LinearInput& input_;
  bool made_;
  const std::uint32_t* order_ = nullptr;
};

}  // namespace

bool takes_bytes(const LayerContext& context, const Linear& linear) {
  return std::ranges::all_of(linear.parts, [&](const kernels::PackedMatrix& part) {
    return multiplies_integers(context, part) && part.column_order == nullptr;
  });
}

void apply_matrix(const LayerContext& context, const LinearInput& input, const kernels::MatmulArgs& args) {
  RowsOfBytes(context, input).apply(args);
}

void apply_linear(const LayerContext& context, const Linear& linear, const LinearInput& input, int rows,
                  float* output, kernels::MatmulOutput mode) {
  RowsOfBytes input_rows(context, input);
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
