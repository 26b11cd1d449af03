#include "model/layers/layers.h"
#include "tensor/formats/integer_block.h"

namespace loci {
namespace {

/// The rows of one input as bytes, made once for all matrices that take the columns in the same order.
class RowsOfBytes {
 public:
  explicit RowsOfBytes(const LayerContext& context) : context_(context) {}

  void apply(kernels::MatmulArgs args) {
    const kernels::PackedMatrix& weight = args.weight;
    if (context_.arithmetic == Arithmetic::kNative && integer_format(weight.dtype) != nullptr) {
      kernels::QuantizedRows bytes = context_.workspace.quantized.data();
      if (!made_ || order_ != weight.column_order)
        context_.ops.quantize({args.input, args.tokens, weight.columns, weight.column_order, bytes},
                              context_.pool);
      made_ = true;
      order_ = weight.column_order;
      args.quantized = bytes;
    }
    context_.ops.matmul(args, context_.pool);
  }

 private:
  const LayerContext& context_;
  bool made_ = false;
  const std::uint32_t* order_ = nullptr;
};

}  // namespace

void apply_matrix(const LayerContext& context, const kernels::MatmulArgs& args) {
  RowsOfBytes(context).apply(args);
}

void apply_linear(const LayerContext& context, const Linear& linear, const float* input, int rows,
                  float* output, kernels::MatmulOutput mode) {
  RowsOfBytes input_rows(context);
  const float* bias = linear.bias.empty() ? nullptr : linear.bias.data();
  for (const kernels::PackedMatrix& part : linear.parts) {
    input_rows.apply({part, input, rows, mode, output, linear.rows, bias});
    output += part.rows;
    if (bias != nullptr) bias += part.rows;
  }
}

}  // namespace loci
