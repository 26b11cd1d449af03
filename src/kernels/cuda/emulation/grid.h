// Runs a grid, block after block, in an order drawn from the seed.
#pragma once

#include <cstdint>
#include <functional>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/queue.h"

namespace loci::kernels::cuda::emulation {

/// Of this OS thread: in which order blocks and threads run. Results must not depend on it.
void set_seed(std::uint64_t seed);

/// kernel() in every thread of every block. An error goes to the queue.
void run_grid(Queue& queue, const Launch& launch, const std::function<void()>& kernel);

}  // namespace loci::kernels::cuda::emulation
