#include "sim/hardware.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace loci::sim {
namespace {

constexpr double kGB = 1e9, kTera = 1e12;
constexpr double kLargestBatch = 65536;

// Shares: what the engines of the field report of well-fed kernels (FlashAttention-2 and -3, cuBLAS, vLLM's
// and SGLang's profiles); a two-socket CPU by this project's own kernels. Prices: on-demand figures of large
// clouds in 2025.
constexpr std::array kHardware{
    Hardware{"a100", 80 * kGB, 2039 * kGB, 312 * kTera, 25 * kGB, 25 * kGB, 0.70, 0.55, 0.80, 1.5e-3, 3.7},
    Hardware{"h100", 80 * kGB, 3350 * kGB, 989 * kTera, 50 * kGB, 50 * kGB, 0.60, 0.55, 0.80, 1.5e-3, 6.9},
    Hardware{"h200", 141 * kGB, 4800 * kGB, 989 * kTera, 50 * kGB, 50 * kGB, 0.60, 0.55, 0.80, 1.5e-3, 8.0},
    Hardware{"l40s", 48 * kGB, 864 * kGB, 362 * kTera, 12 * kGB, 25 * kGB, 0.55, 0.45, 0.80, 1.5e-3, 1.9},
    Hardware{"cpu-2s", 512 * kGB, 560 * kGB, 40 * kTera, 12 * kGB, 500 * kGB, 0.35, 0.20, 0.75, 0.2e-3, 3.4},
};

constexpr std::array kModels{
    ModelShape{"qwen-0.5b", 0.49e9, 0.49e9, 24, 2, 14, 64},
    ModelShape{"llama-1b", 1.24e9, 1.24e9, 16, 8, 32, 64},
    ModelShape{"llama-3b", 3.21e9, 3.21e9, 28, 8, 24, 128},
    ModelShape{"llama-8b", 8.03e9, 8.03e9, 32, 8, 32, 128},
    ModelShape{"qwen-14b", 14.8e9, 14.8e9, 48, 8, 40, 128},
    ModelShape{"qwen-32b", 32.8e9, 32.8e9, 64, 8, 40, 128},
    ModelShape{"llama-70b", 70.6e9, 70.6e9, 80, 8, 64, 128},
    ModelShape{"mixtral-8x7b", 46.7e9, 12.9e9, 32, 8, 32, 128, 8, 2},
    ModelShape{"qwen-30b-a3b", 30.5e9, 3.3e9, 48, 4, 32, 128, 128, 8},
};

/// The share of the weights that `rows` tokens meet when each picks its experts evenly.
double weights_met(const ModelShape& model, double rows) {
  if (model.experts == 1) return 1;
  const double one = double(model.active_experts) / model.experts;
  // What every token meets (attention, shared layers) from: active = shared + one * experts' weights.
  const double experts = (model.parameters - model.active_parameters) / (1 - one);
  const double met = 1 - std::pow(1 - one, rows);
  return (model.parameters - experts + experts * met) / model.parameters;
}

}  // namespace

std::span<const Hardware> hardware_table() {
  return kHardware;
}
std::span<const ModelShape> model_shapes() {
  return kModels;
}

StepCurve profile(const Placement& placement) {
  const Hardware& hardware = *placement.hardware;
  const ModelShape& model = *placement.model;
  const double limits = placement.count * placement.scaling();
  const double bandwidth = hardware.bytes_per_second * hardware.bandwidth_share * limits;
  const double flops = hardware.flops * limits;
  const auto seconds = [&](double rows) {
    const double read = model.weight_bytes() * weights_met(model, rows) / bandwidth;
    const double multiply = 2 * model.active_parameters * rows / (flops * hardware.matrix_share);
    return hardware.step_overhead + std::max(read, multiply);
  };
  StepCurve curve;
  for (double rows = 1; rows <= kLargestBatch; rows *= 2) curve.by_tokens.push_back({rows, seconds(rows)});
  curve.per_kv_token = model.kv_bytes_per_token() / bandwidth;
  curve.per_pair = 4.0 * model.layers * model.heads * model.head_dim / (flops * hardware.attention_share);
  curve.provenance = fmt::format("profile of {} x {} with {}", placement.count, hardware.name, model.name);
  return curve;
}

Result<double> kv_capacity(const Placement& placement) {
  constexpr double kUsable = 0.9;
  const double memory = placement.count * placement.hardware->memory_bytes * kUsable;
  const double left = memory - placement.model->weight_bytes();
  const double tokens = left / placement.model->kv_bytes_per_token();
  if (tokens >= 1) return tokens;
  return fail(ErrorCode::kInvalidArgument,
              "{} has {:.0f} GB of weights and {} x {} {:.0f} GB of memory for them", placement.model->name,
              placement.model->weight_bytes() / kGB, placement.count, placement.hardware->name, memory / kGB);
}

}  // namespace loci::sim
