#include "kernels/cuda/matmul.cuh"
#include "kernels/cuda/ops.h"

namespace loci::kernels::cuda {

void matmul(const MatmulArgs& args, Queue& queue) {
  if (args.quantized != nullptr) return matmul_integer(args, queue);
  if (args.mode == MatmulOutput::kActivate) return fail(queue, "matmul", "no kernel activates such sums");
  if (args.rounded != nullptr && args.weight.dtype == DType::kBF16) return matmul_bf16(args, queue);
  return fail(queue, "matmul", "no kernel for weights and rows of these types");
}

}  // namespace loci::kernels::cuda
