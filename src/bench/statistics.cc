#include "bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace loci::bench {

Statistics::Statistics(std::vector<double> values) : sorted_(std::move(values)) {
  if (sorted_.empty()) return;
  std::ranges::sort(sorted_);
  const auto count = static_cast<double>(sorted_.size());
  mean_ = std::accumulate(sorted_.begin(), sorted_.end(), 0.0) / count;
  double squares = 0;
  for (const double value : sorted_) squares += (value - mean_) * (value - mean_);
  deviation_ = std::sqrt(squares / count);
}

double Statistics::percentile(double p) const {
  if (sorted_.empty()) return 0;
  const double rank = std::clamp(p / 100, 0.0, 1.0) * static_cast<double>(sorted_.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted_.size() - 1);
  return sorted_[below] + (rank - static_cast<double>(below)) * (sorted_[above] - sorted_[below]);
}

}  // namespace loci::bench
