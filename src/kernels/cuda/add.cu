#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/ops.h"

namespace loci::kernels::cuda {
namespace {

struct Add {
  Global<float> sum;
  Global<const float> addend;
  int features, addend_stride;
  float scale;
};

__global__ void add_kernel(Add p) {
  const int i = element();
  if (i >= p.features) return;
  float& sum = p.sum[static_cast<std::ptrdiff_t>(block_x()) * p.features + i];
  sum = fmaf(p.addend[static_cast<std::ptrdiff_t>(block_x()) * p.addend_stride + i], p.scale, sum);
}

}  // namespace

void add(const AddArgs& args, Queue& queue) {
  launch(queue, elementwise("add", args.tokens, args.features), add_kernel,
         Add{.sum = {args.sum, rows_extent(args.tokens, args.features, args.features), "sum"},
             .addend = {args.addend, rows_extent(args.tokens, args.addend_stride, args.features), "addend"},
             .features = args.features,
             .addend_stride = args.addend_stride,
             .scale = args.scale});
}

}  // namespace loci::kernels::cuda
