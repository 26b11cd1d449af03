// Which accesses of a block's threads are ordered. A barrier of the block orders all that precedes it before
// all that follows. Inside a warp __syncwarp orders the lanes of its mask: a vector clock a lane, whose entry
// for lane l says up to when l's accesses are known, in the warp's own time, which each __syncwarp advances.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace loci::kernels::cuda::emulation {

inline constexpr int kLanesOfWarp = 32;

class Clocks {
 public:
  explicit Clocks(int threads)
      : warps_(static_cast<std::size_t>((threads + kLanesOfWarp - 1) / kLanesOfWarp)) {}

  struct Stamp {
    std::int16_t thread = -1;
    std::uint32_t epoch = 0, time = 0;  // barriers of the block so far, time of the warp
  };
  Stamp now(int thread) const { return {static_cast<std::int16_t>(thread), epoch_, warp_of(thread).time}; }
  /// Whether what happened at `earlier` is ordered before what `thread` does now.
  bool ordered(Stamp earlier, int thread) const {
    if (earlier.thread == thread || earlier.epoch < epoch_) return true;
    if (earlier.thread / kLanesOfWarp != thread / kLanesOfWarp) return false;
    return earlier.time <= known(thread, earlier.thread % kLanesOfWarp);
  }
  std::uint32_t epoch() const { return epoch_; }
  /// The time up to which `thread` knows what lane `lane` of its warp did.
  std::uint32_t known(int thread, int lane) const {
    return warp_of(thread)
        .known[static_cast<std::size_t>(thread % kLanesOfWarp)][static_cast<std::size_t>(lane)];
  }

  void block_barrier() { ++epoch_; }
  void warp_barrier(int warp, std::uint32_t mask);

 private:
  using Times = std::array<std::uint32_t, kLanesOfWarp>;
  struct Warp {
    std::uint32_t time = 1;
    std::array<Times, kLanesOfWarp> known{};  // [who knows][of whom]
  };
  const Warp& warp_of(int thread) const { return warps_[static_cast<std::size_t>(thread / kLanesOfWarp)]; }

  std::uint32_t epoch_ = 0;
  std::vector<Warp> warps_;
};

}  // namespace loci::kernels::cuda::emulation
