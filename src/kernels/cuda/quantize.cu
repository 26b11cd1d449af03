// Blocks of 32 columns: a warp each. Rows under one scale: a block of threads each.
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/quantize.cuh"

namespace loci::kernels::cuda {
namespace {

struct Quantize {
  Global<const float> input;
  Global<const std::uint32_t> column_order;
  Global<QuantizedBlock> output;
  ScaledOutput scaled;
  int tokens, columns;

  __device__ float at(int token, int column) const {
    return input[static_cast<std::ptrdiff_t>(token) * columns +
                 (column_order ? static_cast<std::ptrdiff_t>(column_order[column]) : column)];
  }
};

__global__ void quantize_kernel(Quantize p) {
  const int token = block_x(), column = element();
  if (column >= p.columns) return;  // whole warps: columns are a multiple of 32
  const auto block = static_cast<std::ptrdiff_t>(column / kQuantizedColumns);
  quantize_block(p.at(token, column), p.output[block * p.tokens + token]);
}

__global__ void quantize_scaled_kernel(Quantize p) {
  const int token = block_x();
  scale_row(p.scaled, token, [&](int c) { return p.at(token, c); });
}

}  // namespace

void quantize(const QuantizeArgs& args, Queue& queue) {
  const bool scaled = args.scaled.blocks != nullptr;
  const auto columns = static_cast<std::size_t>(args.columns);
  const int blocks = scaled ? 0 : args.columns / kQuantizedColumns;
  const Quantize p{
      .input = {args.input, rows_extent(args.tokens, args.columns, args.columns), "input"},
      .column_order = {args.column_order, args.column_order == nullptr ? 0 : columns, "column_order"},
      .output = {args.output, rows_extent(args.tokens, blocks, blocks), "output"},
      .scaled = scaled_output(args.scaled, args.tokens, args.columns),
      .tokens = args.tokens,
      .columns = args.columns};
  if (scaled)
    launch(queue, {.name = "quantize", .blocks_x = args.tokens, .threads = kElementThreads},
           quantize_scaled_kernel, p);
  else
    launch(queue, elementwise("quantize", args.tokens, args.columns), quantize_kernel, p);
}

}  // namespace loci::kernels::cuda
