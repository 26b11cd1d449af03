// Rotary position embedding: the frequencies of a model and the angles of a batch.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "model/spec.h"

namespace loci {

/// theta^(-2i / rotary_dim) for i < rotary_dim / 2 (Su et al. 2021, eq. 15), in float32 as PyTorch computes
/// it.
std::vector<float> rope_inverse_frequencies(double theta, int rotary_dim);

/// Linear position interpolation (Chen et al. 2023): every frequency divided by `factor`.
void scale_linear(std::span<float> inverse_frequencies, double factor);

/// Llama 3.1's scaling: long waves are slowed down by `factor`, short ones stay, those between are blended.
struct Llama3Scaling {
  double factor, low_frequency_factor, high_frequency_factor;
  double original_context_length;
};
void scale_llama3(std::span<float> inverse_frequencies, const Llama3Scaling& scaling);

/// RoPE of a Hugging Face config: `rope_theta` and `rope_scaling` as transformers 4 writes them,
/// `rope_parameters` as transformers 5 does. kUnsupported naming a rope_type that is none of default, linear
/// and llama3.
Result<RopeSpec> rope_from_hf_config(const json::object& config, int rotary_dim);

/// cos and sin of position * frequency, [positions][rotary_dim / 2] each.
void rope_angles(const RopeSpec& rope, std::span<const int> positions, float* cos, float* sin);

}  // namespace loci
