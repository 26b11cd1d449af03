#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/math.cuh"
#include "kernels/cuda/ops.h"

namespace loci::kernels::cuda {
namespace {

struct Scale {
  Global<float> values;
  int features, stride;
  float scale, clip, softcap;
};

__global__ void scale_kernel(Scale p) {
  const int i = element();
  if (i >= p.features) return;
  float& value = p.values[static_cast<std::ptrdiff_t>(block_x()) * p.stride + i];
  float x = value * p.scale;
  if (p.clip > 0) {
    x = x > -p.clip ? x : -p.clip;  // a NaN becomes the lower limit, as in the reference
    x = x > p.clip ? p.clip : x;
  }
  if (p.softcap > 0) x = tanh_steps(x / p.softcap) * p.softcap;
  value = x;
}

}  // namespace

void scale(const ScaleArgs& args, Queue& queue) {
  launch(queue, elementwise("scale", args.tokens, args.features), scale_kernel,
         Scale{.values = {args.values, rows_extent(args.tokens, args.stride, args.features), "values"},
               .features = args.features,
               .stride = args.stride,
               .scale = args.scale,
               .clip = args.clip,
               .softcap = args.softcap});
}

}  // namespace loci::kernels::cuda
