// A block of threads normalizes a group. The order of the sums is that of a register of 16 lanes, so 16
// threads add; what they add comes from shared memory, to which all threads bring it, kStaged numbers at a
// time: 16 KiB, of which 14 fit a multiprocessor, and a chain of kStaged / 16 = 256 multiply-adds takes no
// longer than the next numbers from memory.
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/quantize.cuh"

namespace loci::kernels::cuda {
namespace {

constexpr int kStaged = 4096, kSums = 16;

struct Norm {
  Global<const float> input, weight, bias;
  Global<float> output;
  Global<QuantizedBlock> bytes;
  ScaledOutput scaled;
  NormKind kind;
  float epsilon;
  int tokens, features, input_stride, output_stride;
};

enum class Sum { kNumbers, kSquares };

/// Of the features of a group from `first` on, less `mean`. Every thread gets it.
template <Sum kSum>
__device__ float sum_of(const Norm& p, std::ptrdiff_t first, float mean, const Shared<float>& staged,
                        const Shared<float>& result) {
  float sum = 0;
  for (int begin = 0; begin < p.features; begin += kStaged) {
    const int count = min(kStaged, p.features - begin);
    __syncthreads();
    for (int i = thread(); i < count; i += threads()) staged[i] = p.input[first + begin + i];
    __syncthreads();
    for (int i = thread() < kSums ? thread() : count; i < count; i += kSums) {
      const float x = staged[i] - mean;
      sum = kSum == Sum::kSquares ? fmaf(x, x, sum) : sum + x;
    }
  }
  if (warp() == 0) {
    sum = fold_sixteen(sum);
    if (lane() == 0) result[0] = sum;
  }
  __syncthreads();
  return result[0];
}

__global__ void norm_kernel(Norm p) {
  const int token = block_x(), group = block_y();
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(token) * p.input_stride;
  const std::ptrdiff_t in_row = static_cast<std::ptrdiff_t>(group) * p.features;
  const auto features = static_cast<float>(p.features);
  LOCI_SHARED(float, staged, kStaged);
  LOCI_SHARED(float, result, 1);
  float mean = 0;
  if (p.kind == NormKind::kLayer)
    mean = sum_of<Sum::kNumbers>(p, row + in_row, 0.0f, staged, result) / features;
  const float squares = sum_of<Sum::kSquares>(p, row + in_row, mean, staged, result);
  const float factor = 1.0f / sqrtf(squares / features + p.epsilon);
  const auto normalized = [&](int i) {
    const float x = (p.input[row + in_row + i] - mean) * factor, weight = p.weight[in_row + i];
    return p.bias ? fmaf(x, weight, p.bias[in_row + i]) : x * weight;
  };
  if (p.scaled.blocks) {
    scale_row(p.scaled, token, normalized);
  } else if (p.bytes) {
    for (int i = thread(); i < p.features; i += threads()) {  // whole warps: features are a multiple of 32
      const auto block = static_cast<std::ptrdiff_t>(i / kQuantizedColumns);
      quantize_block(normalized(i), p.bytes[block * p.tokens + token]);
    }
  } else {
    const std::ptrdiff_t output = static_cast<std::ptrdiff_t>(token) * p.output_stride + in_row;
    for (int i = thread(); i < p.features; i += threads()) p.output[output + i] = normalized(i);
  }
}

}  // namespace

void norm(const NormArgs& args, Queue& queue) {
  const int width = args.groups * args.features;
  const auto weights = static_cast<std::size_t>(width);
  const bool bytes = args.bytes != nullptr, scaled = args.scaled.blocks != nullptr;
  const int blocks = args.features / kQuantizedColumns;
  const Norm p{
      .input = {args.input, rows_extent(args.tokens, args.input_stride, width), "input"},
      .weight = {args.weight, weights, "weight"},
      .bias = {args.bias, args.bias == nullptr ? 0 : weights, "bias"},
      .output = {args.output, bytes || scaled ? 0 : rows_extent(args.tokens, args.output_stride, width),
                 "output"},
      .bytes = {args.bytes, bytes ? rows_extent(args.tokens, blocks, blocks) : 0, "bytes"},
      .scaled = scaled_output(args.scaled, args.tokens, args.features),
      .kind = args.kind,
      .epsilon = args.epsilon,
      .tokens = args.tokens,
      .features = args.features,
      .input_stride = args.input_stride,
      .output_stride = args.output_stride};
  launch(queue,
         {.name = "norm",
          .blocks_x = args.tokens,
          .blocks_y = args.groups,
          .threads = min(256, pieces(args.features, kWarp) * kWarp)},
         norm_kernel, p);
}

}  // namespace loci::kernels::cuda
