// Memory in which a kernel lays out what it works on. Each thread keeps its own from call to call: it grows
// to the largest size that was asked for (a few hundred KiB) and goes with the thread, so that a step
// allocates nothing once the model has run.
#pragma once

#include <cstddef>

namespace loci::kernels {

/// What is needed at the same time in one thread has different uses.
enum class ScratchUse { kTile, kGather, kList, kTokenTiles, kPartials, kOperands };

/// `bytes` bytes at a multiple of 64, of this thread, until it asks for the same use again. Contents are
/// what was last written there, or anything.
std::byte* thread_scratch(ScratchUse use, std::size_t bytes);

}  // namespace loci::kernels
