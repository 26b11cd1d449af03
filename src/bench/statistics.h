// Mean, deviation and percentiles, as numpy computes them.
#pragma once

#include <vector>

namespace loci::bench {

class Statistics {
 public:
  explicit Statistics(std::vector<double> values);

  std::size_t count() const { return sorted_.size(); }
  const std::vector<double>& sorted() const { return sorted_; }
  double mean() const { return mean_; }
  double deviation() const { return deviation_; }  // of the population, as np.std
  double median() const { return percentile(50); }
  /// `p` in [0, 100], linear between the two nearest values; 0 where there is none.
  double percentile(double p) const;

 private:
  std::vector<double> sorted_;
  double mean_ = 0, deviation_ = 0;
};

}  // namespace loci::bench
