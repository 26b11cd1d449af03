// What the products of matrices share: where results go, and how columns are cut.
#pragma once

#include "kernels/cuda/device.cuh"
#include "kernels/cuda/queue.h"
#include "kernels/op_args.h"

namespace loci::kernels::cuda {

/// Columns that are summed one after the other. The sums of these chunks are added in ascending order,
/// whoever computed them: so warps can share the columns of a panel where rows are few, and nothing depends
/// on how many they are.
constexpr int kMatmulChunk = 512;

struct MatmulResults {
  Global<float> output;
  Global<const float> bias;
  int rows, tokens, stride, panel_step;
  bool accumulate;

  __device__ void write(int token, int row, float sum) const {
    if (token >= tokens || row >= rows) return;
    const int place = row / kPanelRows * panel_step + row % kPanelRows;
    if (bias) sum = sum + bias[place];
    float& result = output[static_cast<std::ptrdiff_t>(token) * stride + place];
    result = accumulate ? result + sum : sum;
  }
};

inline MatmulResults results_of(const MatmulArgs& args) {
  const int last = args.weight.rows - 1;
  const int width = args.weight.rows == 0 ? 0 : last / kPanelRows * args.panel_step + last % kPanelRows + 1;
  const std::size_t extent = args.tokens == 0 ? 0
                                              : static_cast<std::size_t>(args.tokens - 1) *
                                                        static_cast<std::size_t>(args.output_stride) +
                                                    static_cast<std::size_t>(width);
  return {.output = {args.output, extent, "output"},
          .bias = {args.bias, args.bias == nullptr ? 0 : static_cast<std::size_t>(width), "bias"},
          .rows = args.weight.rows,
          .tokens = args.tokens,
          .stride = args.output_stride,
          .panel_step = args.panel_step,
          .accumulate = args.mode == MatmulOutput::kAccumulate};
}

/// Weights of BF16 and rows rounded to it (matmul_bf16.cu).
void matmul_bf16(const MatmulArgs& args, Queue& queue);
/// Quantized weights and rows of bytes (matmul_integer.cu).
void matmul_integer(const MatmulArgs& args, Queue& queue);

}  // namespace loci::kernels::cuda
