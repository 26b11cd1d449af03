// The time of day, for answers that tell when they were made.
#pragma once

#include <chrono>
#include <cstdint>

namespace loci {

/// Seconds since 1970.
inline std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace loci
