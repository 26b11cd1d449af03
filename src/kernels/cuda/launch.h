// The shape of a grid.
#pragma once

#include <cstddef>

namespace loci::kernels::cuda {

struct Launch {
  const char* name;  // of the kernel, for errors
  int blocks_x;
  int blocks_y = 1;
  int threads;
  std::size_t shared_bytes = 0;  // beyond what the kernel declares
};

}  // namespace loci::kernels::cuda
