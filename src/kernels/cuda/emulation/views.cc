#include "kernels/cuda/emulation/views.h"

#include <fmt/format.h>

namespace loci::kernels::cuda::emulation {

void report_bounds(const char* name, std::ptrdiff_t index, std::size_t count, bool device_memory) {
  if (device_memory)
    Block::current().report(fmt::format("accesses {}[{}], of which there are {}", name, index, count));
  Block::current().report(fmt::format(
      "accesses {}[{}], whose {} elements are not in one allocation of the device", name, index, count));
}

void report_alignment(const char* name, std::ptrdiff_t index, std::size_t bytes) {
  Block::current().report(
      fmt::format("accesses {} bytes at {}[{}], which are not aligned to their size", bytes, name, index));
}

}  // namespace loci::kernels::cuda::emulation
