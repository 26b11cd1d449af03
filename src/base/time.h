// Time as values. Nothing below engine/ reads a clock: `now` is always an argument.
#pragma once

#include <chrono>

namespace loci {

using Duration = std::chrono::nanoseconds;
using Time =
    std::chrono::time_point<std::chrono::steady_clock, Duration>;  // monotonic, or virtual in a simulation

inline double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace loci
