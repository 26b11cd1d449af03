#include "base/page_warmer.h"

#include <algorithm>
#include <cstdint>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

namespace loci {
namespace {

constexpr std::size_t kAtOnce = std::size_t{4} << 20;

#ifndef MADV_POPULATE_WRITE  // Linux 5.14
constexpr int MADV_POPULATE_WRITE = 23;
#endif

}  // namespace

PageWarmer::PageWarmer(std::span<std::byte> bytes)
    : thread_([bytes](const std::stop_token& stop) {
        const sched_param none{};
        (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);  // a wish
        warm(bytes, stop);
      }) {}

bool PageWarmer::warm(std::span<std::byte> bytes, const std::stop_token& stop) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(bytes.data()) % page;
  if (before >= bytes.size()) return true;
  bytes = bytes.subspan(before);  // a page that begins before is another's as well
  while (!bytes.empty() && !stop.stop_requested()) {
    const std::size_t count = std::min(kAtOnce, bytes.size());
    if (::madvise(bytes.data(), count, MADV_POPULATE_WRITE) != 0) return false;
    bytes = bytes.subspan(count);
  }
  return true;
}

}  // namespace loci
