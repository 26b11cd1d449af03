#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/math.cuh"
#include "kernels/cuda/ops.h"

namespace loci::kernels::cuda {
namespace {

struct Activate {
  Global<const float> input;
  Global<float> output;
  int features, input_stride;
  Activation kind;
  bool gated;
};

__global__ void activate_kernel(Activate p) {
  const int i = element();
  if (i >= p.features) return;
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(block_x()) * p.input_stride;
  const std::ptrdiff_t x = row + (p.gated ? i + i / kPanelRows * kPanelRows : i);
  float active = activation_steps(p.kind, p.input[x]);
  if (p.gated) active = active * p.input[x + kPanelRows];
  p.output[static_cast<std::ptrdiff_t>(block_x()) * p.features + i] = active;
}

}  // namespace

void activate(const ActivateArgs& args, Queue& queue) {
  const int stride = args.gated ? gated_width(args.features) : args.features;
  launch(queue, elementwise("activate", args.tokens, args.features), activate_kernel,
         Activate{.input = {args.input, rows_extent(args.tokens, stride, stride), "input"},
                  .output = {args.output, rows_extent(args.tokens, args.features, args.features), "output"},
                  .features = args.features,
                  .input_stride = stride,
                  .kind = args.kind,
                  .gated = args.gated});
}

}  // namespace loci::kernels::cuda
