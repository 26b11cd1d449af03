// Has the system provide an arena's pages before they are used. The first touch of a huge page costs a
// zeroing, in a virtual machine milliseconds; without this, a server that has begun pays for it in its steps
// until all of its memory has been used once.
#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <thread>

namespace loci {

class PageWarmer {
 public:
  /// Begins; `bytes` must outlive this. What they hold is not changed, and they may be used meanwhile. The
  /// thread takes time that nobody else wants (SCHED_IDLE) and ends early where the system refuses.
  explicit PageWarmer(std::span<std::byte> bytes);
  ~PageWarmer() = default;  // stops within a huge page or two

  /// What the thread does. False if the system refused a page.
  static bool warm(std::span<std::byte> bytes, const std::stop_token& stop);

 private:
  std::jthread thread_;
};

}  // namespace loci
