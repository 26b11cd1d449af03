#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/rope.cuh"

namespace loci::kernels::cuda {
namespace {

__global__ void rope_kernel(Rope p) {
  const int pair = element();
  if (pair < p.head_count * p.half) rotate_pair(p, block_x(), pair / p.half, pair % p.half);
}

}  // namespace

void rope(const RopeArgs& args, Queue& queue) {
  launch(queue, elementwise("rope", args.tokens, args.head_count * (args.rotary_dim / 2)), rope_kernel,
         rope_of(args));
}

}  // namespace loci::kernels::cuda
