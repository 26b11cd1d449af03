// A simulated run in figures, in memory that does not grow with the run: counts, and distributions in buckets
// of one part in five hundred.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/goodput.h"
#include "bench/request_result.h"

namespace loci::sim {

/// Values from a microsecond to a week (or any other unit of that range), each known to 0.2 %.
class Distribution {
 public:
  void add(double value, std::uint64_t times = 1);
  std::uint64_t count() const { return count_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  double largest() const { return largest_; }
  /// `p` in [0, 100]; 0 where there is none.
  double percentile(double p) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ = 0, largest_ = 0;
};

struct Tally {
  bench::Slo slo;
  std::uint64_t sent = 0, completed = 0, refused = 0, failed = 0, cancelled = 0;
  std::uint64_t input_tokens = 0, cached_tokens = 0, output_tokens = 0;
  std::uint64_t good = 0;  // requests that met every limit
  double worth = 0;        // bench/goodput.h, summed
  double last_end = 0;     // seconds
  Distribution ttft, tpot, itl, e2e;

  /// Of a request that is over. Counts `sent` too.
  void add(const bench::RequestResult& request);
  /// "ttft.p99" and the like; rates are a second of `duration`.
  std::map<std::string, double> metrics(double duration) const;
};

}  // namespace loci::sim
