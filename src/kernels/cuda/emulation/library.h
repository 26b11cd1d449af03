// The emulation as a Library: one device of ordinary memory, whose queues do what they are given at once.
#pragma once

#include "kernels/cuda/library.h"

namespace loci::kernels::cuda::emulation {

const Library& library();

}  // namespace loci::kernels::cuda::emulation
