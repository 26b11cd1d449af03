// When requests arrive, apart from what they ask. Pure: times are seconds from the start of the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "bench/random.h"

namespace loci::bench {

inline constexpr double kAllAtOnce = std::numeric_limits<double>::infinity();

struct ArrivalOptions {
  double rate = kAllAtOnce;  // requests a second, above 0; infinite: all at the start
  double burstiness = 1;     // shape of the gamma distribution of the gaps: 1 is a Poisson process, less is
                             // burstier, infinite is evenly spaced; as in `vllm bench serve`
  std::uint64_t seed = 0;
};

/// Arrivals one after the other, without end. Gaps have the mean 1/rate and the variance 1/(rate^2 *
/// burstiness). Nothing is rescaled to meet the rate in a short run, so that the gaps stay independent.
class Arrivals {
 public:
  explicit Arrivals(const ArrivalOptions& options)
      : options_(options), draws_(mix({options.seed, kStream})) {}

  /// The first is one gap after the start.
  double next() {
    if (options_.rate == kAllAtOnce) return 0;
    const double gap =
        std::isinf(options_.burstiness) ? 1 : draws_.gamma(options_.burstiness) / options_.burstiness;
    return time_ += gap / options_.rate;
  }

 private:
  static constexpr std::uint64_t kStream = 0x61727276;  // apart from the draws of the workload
  ArrivalOptions options_;
  Draws draws_;
  double time_ = 0;
};

}  // namespace loci::bench
