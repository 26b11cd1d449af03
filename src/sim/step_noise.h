// By how much steps of equal work differ on a machine: factors of mean 1 that follow each other as those of
// the machine do. A stall is a large factor, a slow minute many of them in a row.
#pragma once

#include <span>
#include <vector>

#include "bench/random.h"

namespace loci::sim {

struct StepNoise {
  /// Factors of equal chance, ascending: means of as many equal parts of what was measured. Empty: none.
  std::vector<double> factors;
  double persistence = 0;  // correlation of neighbouring steps' normal scores, in [0, 1)

  /// Log-normal with this deviation of the logarithm; steps are independent.
  static StepNoise of_deviation(double deviation);
  /// What `ratios` say, measured by predicted, in the order of the steps; not empty.
  static StepNoise of_ratios(std::span<const double> ratios);

  /// Of the logarithm of a factor.
  double deviation() const;
};

/// Draws them: a Gaussian process of first order whose values choose the factor (Cario and Nelson 1996,
/// "ARTA").
class StepNoiseDraws {
 public:
  double next(const StepNoise& noise, bench::Draws& draws);

 private:
  double score_ = 0;
  bool begun_ = false;
};

}  // namespace loci::sim
