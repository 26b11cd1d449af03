#include "lab/comparison.h"

#include <algorithm>

#include "base/check.h"

namespace loci::lab {
namespace {

constexpr double kWanted = 0.95;

/// 1 - 2 P(Binomial(n, 1/2) < k).
double coverage_of(std::size_t n, std::size_t k) {
  double term = 1, below = 0;  // term: n over i, over 2^n
  for (std::size_t i = 0; i < n; ++i) term /= 2;
  for (std::size_t i = 0; i < k; ++i) {
    below += term;
    term *= static_cast<double>(n - i) / static_cast<double>(i + 1);
  }
  return 1 - 2 * below;
}

}  // namespace

Interval median_interval(std::vector<double> values) {
  LOCI_CHECK(!values.empty());
  std::ranges::sort(values);
  const std::size_t n = values.size();
  std::size_t k = 1;
  while (k < (n + 1) / 2 && coverage_of(n, k + 1) >= kWanted) ++k;
  return {.median = (values[(n - 1) / 2] + values[n / 2]) / 2,
          .low = values[k - 1],
          .high = values[n - k],
          .coverage = std::max(0.0, coverage_of(n, k))};
}

std::vector<double> Comparison::ratios() const {
  LOCI_CHECK(baseline.size() == treatment.size());
  std::vector<double> out;
  for (std::size_t i = 0; i < baseline.size(); ++i)
    out.push_back(baseline[i] == treatment[i] ? 1 : treatment[i] / baseline[i]);
  return out;
}

bool holds(const Metric& metric, const Interval& interval) {
  switch (metric.direction) {
    case Direction::kLower:
      return interval.high <= metric.ratio && interval.high < 1;
    case Direction::kHigher:
      return interval.low >= metric.ratio && interval.low > 1;
    default:
      return interval.low >= 1 / metric.ratio && interval.high <= metric.ratio;
  }
}

std::string requirement(const Metric& metric) {
  if (metric.direction == Direction::kSame)
    return fmt::format("{:.3g} to {:.3g}", 1 / metric.ratio, metric.ratio);
  const bool lower = metric.direction == Direction::kLower;
  if (metric.ratio == 1) return lower ? "below 1" : "above 1";
  return fmt::format("{} {:.3g}", lower ? "at most" : "at least", metric.ratio);
}

}  // namespace loci::lab
