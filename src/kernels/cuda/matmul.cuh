// What the products of matrices share: where results go, and how columns are cut.
#pragma once

#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/quantize.cuh"
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
    sum = with_bias(row, sum);
    float& result = output[static_cast<std::ptrdiff_t>(token) * stride + place_of(row)];
    result = accumulate ? result + sum : sum;
  }
  __device__ float with_bias(int row, float sum) const { return bias ? sum + bias[place_of(row)] : sum; }
  __device__ int place_of(int row) const { return row / kPanelRows * panel_step + row % kPanelRows; }
};

inline MatmulResults results_of(const MatmulArgs& args) {
  const int last = args.weight.rows - 1;
  const int width = args.weight.rows == 0 ? 0 : last / kPanelRows * args.panel_step + last % kPanelRows + 1;
  const bool stored = args.mode != MatmulOutput::kActivate;
  return {.output = {args.output, stored ? rows_extent(args.tokens, args.output_stride, width) : 0, "output"},
          .bias = {args.bias, args.bias == nullptr ? 0 : static_cast<std::size_t>(width), "bias"},
          .rows = args.weight.rows,
          .tokens = args.tokens,
          .stride = args.output_stride,
          .panel_step = args.panel_step,
          .accumulate = args.mode == MatmulOutput::kAccumulate};
}

/// What becomes of results with MatmulOutput::kActivate.
struct ActivatedResults {
  Global<float> output;          // or
  Global<QuantizedBlock> bytes;  // of 32 features each
  int tokens, features;
  Activation kind;
  bool gated;

  /// Of x and, gated, u.
  __device__ float activated(float x, float u) const {
    const float active = activation_steps(kind, x);
    return gated ? active * u : active;
  }
  /// With bytes the lanes of a warp bring 32 features of a token, the first one a multiple of 32.
  __device__ void write(int token, int feature, float value) const {
    if (bytes) {
      const auto block = static_cast<std::ptrdiff_t>(feature / kQuantizedColumns);
      quantize_block(value, bytes[block * tokens + token]);
    } else {
      output[static_cast<std::ptrdiff_t>(token) * features + feature] = value;
    }
  }
};

inline ActivatedResults activated_results_of(const MatmulArgs& args) {
  const bool bytes = args.bytes != nullptr, activates = args.mode == MatmulOutput::kActivate;
  const int features = args.output_stride, blocks = features / kQuantizedColumns;
  return {.output = {args.output, activates && !bytes ? rows_extent(args.tokens, features, features) : 0,
                     "output"},
          .bytes = {args.bytes, bytes ? rows_extent(args.tokens, blocks, blocks) : 0, "bytes"},
          .tokens = args.tokens,
          .features = features,
          .kind = args.activation,
          .gated = args.gated};
}

/// Weights of BF16 and rows rounded to it (matmul_bf16.cu).
void matmul_bf16(const MatmulArgs& args, Queue& queue);
/// Quantized weights and rows of bytes (matmul_integer.cu).
void matmul_integer(const MatmulArgs& args, Queue& queue);

}  // namespace loci::kernels::cuda
