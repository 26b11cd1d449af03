// What paired runs say: the median of the ratios treatment / baseline with a confidence interval, and whether
// the direction that is claimed holds.
//
// The interval is of order statistics (the exact one of the sign test; David and Nagaraja, "Order
// Statistics", 7.1): whatever the distribution of the ratios, their median lies between the k-th smallest and
// the k-th largest of n with probability 1 - 2 P(Binomial(n, 1/2) < k). k is the largest with at least 95 %;
// where even k = 1 has less (n < 6), that one is taken, and the coverage says so.
#pragma once

#include <span>
#include <vector>

#include "lab/claim.h"

namespace loci::lab {

struct Interval {
  double median = 0, low = 0, high = 0;
  double coverage = 0;  // 0.96875 for six pairs
};

/// `values` is not empty.
Interval median_interval(std::vector<double> values);

struct Comparison {
  std::vector<double> baseline{}, treatment{};  // pair by pair, in the metric's unit

  /// Treatment over baseline, pair by pair; 0 / 0 is 1.
  std::vector<double> ratios() const;
  Interval interval() const { return median_interval(ratios()); }
};

/// Whether the whole interval lies on the side that the metric claims.
bool holds(const Metric& metric, const Interval& interval);

/// What holds() asks of the ratio, in words: "at most 0.5".
std::string requirement(const Metric& metric);

}  // namespace loci::lab
