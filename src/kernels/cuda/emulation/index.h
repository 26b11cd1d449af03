// Where the running thread is, under the names that CUDA gives it. Set by the block that runs.
#pragma once

#include "kernels/cuda/emulation/block.h"

namespace loci::kernels::cuda {

inline thread_local emulation::Index3 threadIdx, blockIdx, blockDim, gridDim;

}  // namespace loci::kernels::cuda
