// The words of CUDA for an ordinary compiler: what kernels may use, and nothing else of it. The same names as
// nvcc's, in this project's namespace.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/cuda/emulation/grid.h"
#include "kernels/cuda/emulation/index.h"
#include "kernels/cuda/emulation/views.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

namespace loci::kernels::cuda {

using std::max;
using std::min;

struct alignas(8) uint2 {
  std::uint32_t x, y;
};
struct alignas(16) uint4 {
  std::uint32_t x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

inline void __syncthreads(emulation::Where where = emulation::Where::current()) {
  emulation::Block::current().sync_threads(where);
}
inline void __syncwarp(std::uint32_t mask = 0xFFFFFFFFu,
                       emulation::Where where = emulation::Where::current()) {
  emulation::Block::current().sync_warp(mask, where);
}

namespace emulation {

/// What lane `source` of the mask brings. A lane that is none of the mask brings nothing.
template <class T>
T shuffled(const char* instruction, std::uint32_t mask, T value, int source, Where where) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= Meeting::kBytes);
  Block& block = Block::current();
  Meeting& meeting = block.meet(instruction, mask, &value, sizeof value, where);
  if (source < 0 || source >= kLanesOfWarp || (mask >> source & 1u) == 0)
    block.report(std::string(instruction) + " in line " + std::to_string(where.line()) +
                 ": takes from lane " + std::to_string(source) + ", which does not take part");
  std::memcpy(&value, meeting.brought[static_cast<std::size_t>(source)].data(), sizeof value);
  block.leave(meeting);
  return value;
}

inline int lane() {
  return Block::current().thread() % kLanesOfWarp;
}

/// The bits of the lanes for which `predicate` holds.
inline std::uint32_t votes(const char* instruction, std::uint32_t mask, bool predicate, Where where) {
  Block& block = Block::current();
  Meeting& meeting = block.meet(instruction, mask, &predicate, sizeof predicate, where);
  std::uint32_t all = 0;
  for (int i = 0; i < kLanesOfWarp; ++i)
    if ((mask >> i & 1u) != 0 && meeting.brought[static_cast<std::size_t>(i)][0] != std::byte{0})
      all |= 1u << i;
  block.leave(meeting);
  return all;
}

}  // namespace emulation

// As CUDA has them, a lane that would take from beyond the warp (up, down) keeps its own value.
template <class T>
T __shfl_sync(std::uint32_t mask, T value, int source, emulation::Where where = emulation::Where::current()) {
  return emulation::shuffled("__shfl_sync", mask, value, source, where);
}
template <class T>
T __shfl_xor_sync(std::uint32_t mask, T value, int bits,
                  emulation::Where where = emulation::Where::current()) {
  return emulation::shuffled("__shfl_xor_sync", mask, value, emulation::lane() ^ bits, where);
}
template <class T>
T __shfl_down_sync(std::uint32_t mask, T value, int by,
                   emulation::Where where = emulation::Where::current()) {
  const int source = emulation::lane() + by;
  return emulation::shuffled("__shfl_down_sync", mask, value, source < 32 ? source : emulation::lane(),
                             where);
}
template <class T>
T __shfl_up_sync(std::uint32_t mask, T value, int by, emulation::Where where = emulation::Where::current()) {
  const int source = emulation::lane() - by;
  return emulation::shuffled("__shfl_up_sync", mask, value, source >= 0 ? source : emulation::lane(), where);
}

inline std::uint32_t __ballot_sync(std::uint32_t mask, bool predicate,
                                   emulation::Where where = emulation::Where::current()) {
  return emulation::votes("__ballot_sync", mask, predicate, where);
}
inline bool __any_sync(std::uint32_t mask, bool predicate,
                       emulation::Where where = emulation::Where::current()) {
  return emulation::votes("__any_sync", mask, predicate, where) != 0;
}
inline bool __all_sync(std::uint32_t mask, bool predicate,
                       emulation::Where where = emulation::Where::current()) {
  return emulation::votes("__all_sync", mask, predicate, where) == mask;
}

/// The value before. Fibers change places only where they wait, so that any access is atomic.
template <class T>
T atomic_add(const Global<T>& view, std::ptrdiff_t i, T value) {
  T& place = view[i];
  const T before = place;
  place = before + value;
  return before;
}
template <class T>
T atomic_add(const Shared<T>& view, std::ptrdiff_t i, T value) {
  return view.atomic_add(i, value);
}

/// Runs `kernel` with these arguments. An empty grid is none.
template <class... Parameters, class... Arguments>
void launch(Queue& queue, const Launch& shape, void (*kernel)(Parameters...), const Arguments&... arguments) {
  if (queue.failed() || shape.blocks_x == 0 || shape.blocks_y == 0) return;
  emulation::run_grid(queue, shape, [&] { kernel(arguments...); });
}

}  // namespace loci::kernels::cuda
