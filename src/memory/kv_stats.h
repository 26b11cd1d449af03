// What the memory of keys and values counts, since its start.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace loci {

/// Durations by power of two: bucket i counts those below 2^i milliseconds, the last one all others.
struct DurationCounts {
  static constexpr int kBuckets = 24;
  std::array<std::uint64_t, kBuckets> counts{};
  double sum_seconds = 0;

  void add(Duration d) {
    int bucket = 0;
    for (double limit = 1e-3; bucket < kBuckets - 1 && seconds(d) >= limit; limit *= 2) ++bucket;
    ++counts[static_cast<std::size_t>(bucket)];
    sum_seconds += seconds(d);
  }
};

struct KvStats {
  std::uint64_t queried_tokens = 0;   // of prompts that were looked up
  std::uint64_t hit_tokens = 0;       // of them, found
  std::uint64_t host_hit_tokens = 0;  // of the found ones, brought back from the host tier
  std::uint64_t stored_blocks = 0, evicted_blocks = 0, demoted_blocks = 0, promoted_blocks = 0;
  std::uint64_t copied_on_write = 0, merged_blocks = 0;
  std::uint64_t damaged_blocks = 0;  // came back from the host tier with a wrong checksum: recomputed
  DurationCounts reuse_gap;          // from a block's last release until it is found again
  DurationCounts residency;          // from a block's last release until it is given up
};

}  // namespace loci
