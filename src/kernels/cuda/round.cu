// Numbers too small to be normal become 0, as the instructions of AVX512-BF16 make them: so an input means
// the same on every device.
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/math.cuh"
#include "kernels/cuda/ops.h"
#include "tensor/formats/half.h"

namespace loci::kernels::cuda {
namespace {

struct Round {
  Global<const float> input;
  Global<RoundedBlock> output;
  int tokens, columns;
};

__global__ void round_kernel(Round p) {
  const int column = element(), token = block_x();
  if (column >= pieces(p.columns, kQuantizedColumns) * kQuantizedColumns) return;
  float x = column < p.columns ? p.input[static_cast<std::ptrdiff_t>(token) * p.columns + column] : 0.0f;
  const std::uint32_t bits = bits_of(x);
  if ((bits & 0x7F800000u) == 0) x = float_of(bits & 0x80000000u);
  const auto block = static_cast<std::ptrdiff_t>(column / kQuantizedColumns);
  p.output[block * p.tokens + token].numbers[column % kQuantizedColumns] = f32_to_bf16(x);
}

}  // namespace

void round(const RoundArgs& args, Queue& queue) {
  const int blocks = pieces(args.columns, kQuantizedColumns);
  launch(queue, elementwise("round", args.tokens, blocks * kQuantizedColumns), round_kernel,
         Round{.input = {args.input, rows_extent(args.tokens, args.columns, args.columns), "input"},
               .output = {args.output, rows_extent(args.tokens, blocks, blocks), "output"},
               .tokens = args.tokens,
               .columns = args.columns});
}

}  // namespace loci::kernels::cuda
