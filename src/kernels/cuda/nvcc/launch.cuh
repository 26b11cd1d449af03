// Starting a kernel on a device.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/queue.h"

namespace loci::kernels::cuda {

/// Starts `kernel` with these arguments behind what the queue already has. An empty grid is none.
template <class... Parameters, class... Arguments>
void launch(Queue& queue, const Launch& shape, void (*kernel)(Parameters...), const Arguments&... arguments) {
  if (queue.failed() || shape.blocks_x == 0 || shape.blocks_y == 0) return;
  constexpr std::size_t kWithoutAsking = 48 * 1024;
  if (shape.shared_bytes > kWithoutAsking)
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                         static_cast<int>(shape.shared_bytes));
  const dim3 grid(static_cast<unsigned>(shape.blocks_x), static_cast<unsigned>(shape.blocks_y));
  kernel<<<grid, static_cast<unsigned>(shape.threads), shape.shared_bytes,
           static_cast<cudaStream_t>(queue.stream)>>>(arguments...);
  if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess)
    fail(queue, shape.name, cudaGetErrorString(error));
}

}  // namespace loci::kernels::cuda
