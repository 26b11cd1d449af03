// The memory of this machine.
#pragma once

#include <cstddef>

namespace loci {

/// Bytes that can be had without pushing anything out that is in use (Linux's MemAvailable); 0 where the
/// system does not tell.
std::size_t available_memory();

}  // namespace loci
