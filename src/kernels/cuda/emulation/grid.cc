#include "kernels/cuda/emulation/grid.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/emulation/block.h"

namespace loci::kernels::cuda::emulation {
namespace {

thread_local std::uint64_t current_seed = 0;

}  // namespace

void set_seed(std::uint64_t seed) {
  current_seed = seed;
}

void run_grid(Queue& queue, const Launch& launch, const std::function<void()>& kernel) {
  constexpr int kMostThreads = 1024, kMostBlocksY = 65535;
  constexpr std::size_t kMostSharedBytes = 227 * 1024;  // of sm_90; sm_80 has 163 KiB
  if (launch.threads < 1 || launch.threads > kMostThreads || launch.blocks_y > kMostBlocksY ||
      launch.shared_bytes > kMostSharedBytes)
    return fail(queue, launch.name, "no device runs a grid of this shape");
  std::mt19937_64 random(current_seed);
  std::vector<int> order(static_cast<std::size_t>(launch.blocks_x) *
                         static_cast<std::size_t>(launch.blocks_y));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::shuffle(order, random);
  for (const int i : order) {
    Block block(
        {.kernel = launch.name,
         .grid = {static_cast<unsigned>(launch.blocks_x), static_cast<unsigned>(launch.blocks_y), 1},
         .index = {static_cast<unsigned>(i % launch.blocks_x), static_cast<unsigned>(i / launch.blocks_x), 0},
         .threads = launch.threads,
         .dynamic_shared_bytes = launch.shared_bytes},
        random());
    const std::string error = block.run(kernel);
    if (!error.empty()) {
      std::snprintf(queue.error, sizeof queue.error, "%s", error.c_str());
      return;
    }
  }
}

}  // namespace loci::kernels::cuda::emulation
