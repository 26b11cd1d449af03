// What a step will take, fitted while the engine runs.
//
//   seconds = a + b * tokens + c * kv_tokens + d * attention_pairs
//
// One object for chunking, admission, preemption and, later, the simulator. Owned by the engine thread; reads
// no clock. The form follows what a step does: it reads all weights once (a), multiplies each row with them
// (b), reads each sequence's keys and values once (c), and the rows of a chunk meet them all (d). HyGen (Sun
// et al. 2025, section 4.2) and Sarathi-Serve's simulator Vidur predict batches by the same features.
//
// The fit is recursive least squares of relative errors with directional forgetting (Kulhavy 1987; Cao and
// Schwartz 2000, equation 19): what is known of prompts is not forgotten while there are only decodes.
// Coefficients are never negative, so that a prediction grows with the work. A single stalled step counts
// little; the third in a row is believed. Memory: a few hundred bytes, whatever was seen. Cost of observe():
// under 2 us.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace loci {

/// What a step computes.
struct StepWork {
  double tokens = 0;           // rows
  double kv_tokens = 0;        // sum over its sequences of the positions whose keys and values are read
  double attention_pairs = 0;  // sum over rows of the positions that each sees, but for the last row of each
                               // sequence, which kv_tokens counts: 0 for single tokens

  /// Tokens [begin, begin + count) of one more sequence; count > 0.
  void add_slice(int begin, int count);
};

class CostModel {
 public:
  using Coefficients = std::array<double, 4>;  // a, b, c, d

  /// Seconds that `work` is predicted to take; from conservative defaults until the first step was seen.
  double predict(const StepWork& work) const;
  /// A step of `work` took `seconds`. What cannot be (no rows, no time, no number) is ignored.
  void observe(const StepWork& work, double seconds);

  /// Rows of a chunk that begins at position `begin` which fit into `seconds` beside `work`; 0..most.
  int tokens_within(double seconds, const StepWork& work, int begin, int most) const;

  /// Mean of |predicted - measured| / measured over the last steps, each predicted before it was seen; 0
  /// before the second.
  double relative_error() const;
  std::uint64_t observations() const { return observations_; }
  Coefficients coefficients() const { return coefficients_; }

 private:
  using Vector = std::array<double, 4>;
  using Matrix = std::array<Vector, 4>;
  static constexpr std::size_t kErrorWindow = 64;
  // 20 ms, 0.6 ms, 1 us, 0.1 us: about a model of 0.5 G weights in 8 bits on two cores. Only the ratios
  // survive the first observation.
  static constexpr Coefficients kDefaults{20e-3, 6e-4, 1e-6, 1e-7};

  void begin(const StepWork& work, double seconds);
  double trust(double predicted, double seconds);
  void forget_along(const Vector& features, double share);
  void fit();

  Coefficients coefficients_ = kDefaults;
  Coefficients unit_ = kDefaults;  // the fit is of coefficients / unit_, so that its numbers are near 1
  Matrix information_{};           // sum of features * features^T
  Vector target_{};                // sum of features * measured
  std::uint64_t observations_ = 0;
  int slow_in_a_row_ = 0;  // steps far above what was predicted
  std::array<double, kErrorWindow> errors_{};
};

}  // namespace loci
