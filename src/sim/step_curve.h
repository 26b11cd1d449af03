// How long a step takes on a simulated machine.
//
//   seconds = by_tokens(rows) + per_kv_token * kv_tokens + per_pair * attention_pairs
//
// The features are those of the scheduler's cost model (sched/cost_model.h), but rows count by a curve of
// straight pieces instead of a line: with few rows a step reads weights, with many it multiplies, and between
// them kernels change. A curve says where it comes from, and every figure made with it says so too.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "sched/cost_model.h"
#include "sim/step_noise.h"

namespace loci::sim {

struct StepCurve {
  struct Knot {
    double tokens;
    double seconds;
  };
  std::vector<Knot> by_tokens;  // ascending tokens; at least one. Behind the last, the last slope goes on
  double per_kv_token = 0;      // seconds
  double per_pair = 0;          // seconds, per attention pair
  double per_block_copy = 0;    // seconds, of one block to the host tier or back
  StepNoise noise{};            // steps of equal work differ
  std::string provenance = "given";  // "measured ...", "fitted ...", "profile ...", "given"

  double seconds(const StepWork& work) const;
};

/// Every step takes `factor` times as long.
void scale(StepCurve& curve, double factor);

/// A line: coefficients of the scheduler's cost model.
StepCurve line(const CostModel::Coefficients& coefficients);

/// A step that was measured.
struct MeasuredStep {
  StepWork work;
  double seconds;
};

/// The curve that fits the steps, in their order, best: least squares of errors relative to what is
/// predicted, no coefficient negative, so that more work never takes less time (coordinate descent; Franc,
/// Hlavac and Navara 2005). Knots at powers of two of the rows that occur. The shape is fitted without steps
/// far from it (stalls of the machine); the height and the noise are those of all. kInvalidArgument for fewer
/// than 8 steps.
Result<StepCurve> fit_curve(const std::vector<MeasuredStep>& steps);

/// As JSON, the file that `loci sim fit` writes and `executor.fitted` names; errors name what is wrong.
std::string to_json(const StepCurve& curve);
Result<StepCurve> curve_from_json(std::string_view json);

}  // namespace loci::sim
