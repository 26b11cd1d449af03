#include "kernels/cuda/emulation/library.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernels/cuda/emulation/memory.h"

namespace loci::kernels::cuda::emulation {
namespace {

bool is_device(int device, Message& why) {
  if (device == 0) return true;
  std::snprintf(why.text, sizeof why.text, "there is no device %d", device);
  return false;
}

bool describe_device(int device, DeviceInfo& info, Message& why) {
  if (!is_device(device, why)) return false;
  info = {.name = "emulation",
          .major = 8,
          .minor = 0,
          .multiprocessors = 1,
          .total_bytes = std::size_t{1} << 32,
          .free_bytes = std::size_t{1} << 32};
  return true;
}

void copy(void* to, const void* from, std::size_t bytes, Queue& queue) {
  if (!queue.failed() && bytes > 0) std::memcpy(to, from, bytes);
}

char event;

}  // namespace

const Library& library() {
  static constexpr Library kLibrary{
      .abi = kLibraryAbi,
      .count_devices = [](int& count, Message&) { return count = 1, true; },
      .describe_device = describe_device,
      .use_device = is_device,
      .allocate = [](std::size_t bytes, Message&) { return allocate(bytes); },
      .release = release,
      .allocate_pinned = [](std::size_t bytes, Message&) { return std::malloc(bytes); },
      .release_pinned = std::free,
      .open_queue = [](Queue& queue, Message&) { return queue = {}, true; },
      .close_queue = [](Queue&) {},
      .copy = copy,
      .finish = [](Queue& queue) { return !queue.failed(); },
      .make_event = [](Message&) -> void* { return &event; },
      .release_event = [](void*) {},
      .record = [](void*, Queue&) {},
      .wait_for = [](void*, Queue&) {},
      .finish_event = [](void*, Message&) { return true; },
      .ops = kOps};
  return kLibrary;
}

}  // namespace loci::kernels::cuda::emulation
