#include "kernels/cuda/emulation/memory.h"

#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>

#include "base/check.h"

namespace loci::kernels::cuda::emulation {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<const std::byte*, std::size_t, std::less<>> extents;
};
Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  LOCI_CHECK(posix_memalign(&memory, 256, bytes == 0 ? 1 : bytes) == 0);
  std::memset(memory, 0xA5, bytes);
  const std::lock_guard lock(registry().mutex);
  registry().extents[static_cast<const std::byte*>(memory)] = bytes;
  return memory;
}

void release(void* allocation) {
  if (allocation == nullptr) return;
  {
    const std::lock_guard lock(registry().mutex);
    LOCI_CHECK(registry().extents.erase(static_cast<const std::byte*>(allocation)) == 1);
  }
  std::free(allocation);
}

std::size_t extent_from(const void* at) {
  const auto* byte = static_cast<const std::byte*>(at);
  const std::lock_guard lock(registry().mutex);
  auto next = registry().extents.upper_bound(byte);
  if (next == registry().extents.begin()) return 0;
  const auto& [start, bytes] = *--next;
  const auto offset = static_cast<std::size_t>(byte - start);
  return offset < bytes ? bytes - offset : 0;
}

}  // namespace loci::kernels::cuda::emulation
