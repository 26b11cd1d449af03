// Machines and models that are not here, from their data sheets: what a step takes by the roofline (Williams,
// Waterman, Patterson 2009), with named shares of the limits that real kernels reach.
#pragma once

#include <span>
#include <string_view>

#include "sim/step_curve.h"

namespace loci::sim {

/// One accelerator or socket pair. Figures of the vendor's data sheet, dense, 16-bit arithmetic.
struct Hardware {
  std::string_view name;
  double memory_bytes;
  double bytes_per_second;
  double flops;                  // of 16-bit matrix products
  double link_bytes_per_second;  // to another machine
  double host_bytes_per_second;  // to the host's memory
  double matrix_share;           // of flops that matrix products of large batches reach
  double attention_share;        // of flops that attention of prompts reaches
  double bandwidth_share;        // of the bandwidth that reading weights and KV reaches
  double step_overhead;          // seconds of a step beside its kernels
  double price_per_hour;         // dollars, on demand, about; what `loci plan` compares by
};

/// A model's shape, weights and KV in 16 bits.
struct ModelShape {
  std::string_view name;
  double parameters;         // all
  double active_parameters;  // that one token meets; fewer than all in a mixture of experts
  int layers, kv_heads, heads, head_dim;
  int experts = 1, active_experts = 1;

  double kv_bytes_per_token() const { return 2.0 * 2 * layers * kv_heads * head_dim; }
  double weight_bytes() const { return 2 * parameters; }
};

std::span<const Hardware> hardware_table();
std::span<const ModelShape> model_shapes();

/// `count` machines that split the model evenly (tensor parallel) and reach `scaling` of the sum of their
/// limits; 1 for one machine.
struct Placement {
  const Hardware* hardware;
  const ModelShape* model;
  int count = 1;
  double scaling() const { return count == 1 ? 1 : 0.85; }
};

/// Seconds of steps: the larger of reading the weights (of the experts that the rows meet) and multiplying,
/// at powers of two of the rows; reading KV; attention; the overhead.
StepCurve profile(const Placement& placement);
/// Tokens whose KV fits beside weights, with a tenth of memory left for the rest; kInvalidArgument where the
/// weights alone do not fit.
Result<double> kv_capacity(const Placement& placement);

}  // namespace loci::sim
