// An array in shared memory, and for each byte who wrote and who read it when: what tells a race, a read of
// nothing and a read of what is still being copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda/emulation/clocks.h"

namespace loci::kernels::cuda::emulation {

enum class Access { kRead, kWrite, kAtomic };

class SharedArray {
 public:
  SharedArray(const void* key, std::size_t bytes) : key_(key), bytes_(bytes + kAlignment), shadow_(bytes) {}

  const void* key() const { return key_; }
  std::size_t size() const { return shadow_.size(); }
  std::byte* data();

  /// What is wrong with an access of bytes [first, first + count), as the rest of a sentence, and noted if
  /// nothing is.
  std::string access(Access kind, std::size_t first, std::size_t count, int thread, const Clocks& clocks);

  /// An asynchronous copy by `thread` begins: a write, behind which nobody may touch the bytes until it ends.
  std::string begin_copy(std::size_t first, std::size_t count, int thread, const Clocks& clocks);
  void end_copy(std::size_t first, std::size_t count, int thread, const Clocks& clocks);

 private:
  static constexpr std::size_t kAlignment = 128;
  static constexpr std::int16_t kNobody = -1, kMany = -2;
  struct Byte {
    Clocks::Stamp write;  // the last one
    bool atomic = false;  // it was
    std::int16_t copied_by = kNobody;
    // Reads since then in one epoch of the block: the warp of all readers, its lanes, the last time.
    std::int16_t read_warp = kNobody;
    std::uint32_t read_epoch = 0, read_lanes = 0, read_time = 0;
  };

  static std::string check_reads(const Byte& byte, int thread, const Clocks& clocks);
  static std::string read(Byte& byte, int thread, const Clocks& clocks);
  static std::string write(Byte& byte, bool atomic, int thread, const Clocks& clocks);

  const void* key_;
  std::vector<std::byte> bytes_;
  std::vector<Byte> shadow_;
};

}  // namespace loci::kernels::cuda::emulation
