#include "kernels/cuda/emulation/clocks.h"

#include <algorithm>

namespace loci::kernels::cuda::emulation {

void Clocks::warp_barrier(int warp, std::uint32_t mask) {
  Warp& clocks = warps_[static_cast<std::size_t>(warp)];
  Times joined{};
  for (std::size_t lane = 0; lane < kLanesOfWarp; ++lane) {
    if ((mask >> lane & 1u) == 0) continue;
    for (std::size_t of = 0; of < kLanesOfWarp; ++of)
      joined[of] = std::max(joined[of], clocks.known[lane][of]);
    joined[lane] = clocks.time;
  }
  for (std::size_t lane = 0; lane < kLanesOfWarp; ++lane)
    if ((mask >> lane & 1u) != 0) clocks.known[lane] = joined;
  ++clocks.time;
}

}  // namespace loci::kernels::cuda::emulation
