#include "kernels/cuda/emulation/shared_array.h"

#include <bit>
#include <fmt/format.h>

namespace loci::kernels::cuda::emulation {

std::byte* SharedArray::data() {
  const auto address = std::bit_cast<std::uintptr_t>(bytes_.data());
  return bytes_.data() + (kAlignment - address % kAlignment) % kAlignment;
}

std::string SharedArray::check_reads(const Byte& byte, int thread, const Clocks& clocks) {
  if (byte.read_warp == kNobody || byte.read_epoch < clocks.epoch()) return {};
  if (byte.read_warp == kMany) return "which threads of several warps have read without a barrier in between";
  for (int lane = 0; lane < kLanesOfWarp; ++lane) {
    if ((byte.read_lanes >> lane & 1u) == 0) continue;
    const int reader = byte.read_warp * kLanesOfWarp + lane;
    const Clocks::Stamp stamp{static_cast<std::int16_t>(reader), byte.read_epoch, byte.read_time};
    if (!clocks.ordered(stamp, thread))
      return fmt::format("which thread {} has read without a barrier in between", reader);
  }
  return {};
}

std::string SharedArray::read(Byte& byte, int thread, const Clocks& clocks) {
  if (byte.write.thread < 0) return "which nobody has written";
  if (!clocks.ordered(byte.write, thread))
    return fmt::format("which thread {} has written without a barrier in between", byte.write.thread);
  const auto warp = static_cast<std::int16_t>(thread / kLanesOfWarp);
  const Clocks::Stamp now = clocks.now(thread);
  if (byte.read_epoch < now.epoch) byte.read_warp = kNobody;
  if (byte.read_warp == kNobody) byte.read_lanes = 0;
  byte.read_warp = byte.read_warp == kNobody || byte.read_warp == warp ? warp : kMany;
  byte.read_epoch = now.epoch;
  byte.read_lanes |= 1u << thread % kLanesOfWarp;
  byte.read_time = now.time;
  return {};
}

std::string SharedArray::write(Byte& byte, bool atomic, int thread, const Clocks& clocks) {
  if (atomic && byte.write.thread < 0) return "which nobody has written";
  const bool both_atomic = atomic && byte.atomic;
  if (byte.write.thread >= 0 && !both_atomic && !clocks.ordered(byte.write, thread))
    return fmt::format("which thread {} has written without a barrier in between", byte.write.thread);
  if (std::string trouble = check_reads(byte, thread, clocks); !trouble.empty()) return trouble;
  byte.write = clocks.now(thread);
  byte.atomic = atomic;
  byte.read_warp = kNobody;
  return {};
}

std::string SharedArray::access(Access kind, std::size_t first, std::size_t count, int thread,
                                const Clocks& clocks) {
  for (std::size_t i = first; i < first + count; ++i) {
    Byte& byte = shadow_[i];
    if (byte.copied_by != kNobody)
      return fmt::format("to which a cp.async of thread {} is on its way, without a wait in between",
                         byte.copied_by);
    std::string trouble = kind == Access::kRead ? read(byte, thread, clocks)
                                                : write(byte, kind == Access::kAtomic, thread, clocks);
    if (!trouble.empty()) return trouble;
  }
  return {};
}

std::string SharedArray::begin_copy(std::size_t first, std::size_t count, int thread, const Clocks& clocks) {
  if (std::string trouble = access(Access::kWrite, first, count, thread, clocks); !trouble.empty())
    return trouble;
  for (std::size_t i = first; i < first + count; ++i)
    shadow_[i].copied_by = static_cast<std::int16_t>(thread);
  return {};
}

void SharedArray::end_copy(std::size_t first, std::size_t count, int thread, const Clocks& clocks) {
  for (std::size_t i = first; i < first + count; ++i) {
    shadow_[i].copied_by = kNobody;
    shadow_[i].write = clocks.now(thread);
  }
}

}  // namespace loci::kernels::cuda::emulation
