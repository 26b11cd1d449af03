// Rotary position embedding: the frequencies of a model and the angles of a batch.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
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

/// YaRN (Peng et al. 2023, section 3.2): dimensions that turn more than beta_fast times in the original
/// context stay, those that turn less than beta_slow times are slowed down by `factor`, those between are
/// blended.
struct YarnScaling {
  double theta, factor, beta_fast = 32, beta_slow = 1;
  double original_context_length;
  bool truncate = true;  // the bounds of the blend are whole dimensions
};
void scale_yarn(std::span<float> inverse_frequencies, const YarnScaling& scaling);
/// YaRN's magnitude of cos and sin for `factor`: mscale * 0.1 ln(factor) + 1.
double yarn_magnitude(double factor, double mscale = 1);

/// Dynamic NTK: theta grown for a context of `context_length` positions; unchanged within
/// `original_context_length`.
double dynamic_ntk_theta(double theta, double factor, int rotary_dim, double original_context_length,
                         double context_length);

/// LongRoPE (Ding et al. 2024): each frequency has a divisor of its own.
void divide_frequencies(std::span<float> inverse_frequencies, std::span<const float> divisors);
/// LongRoPE's magnitude of cos and sin: sqrt(1 + ln(extension) / ln(original context)), 1 without an
/// extension.
double longrope_magnitude(double extension, double original_context_length);

/// cos and sin of position * frequency, times the magnitude, [positions][rotary_dim / 2] each.
void rope_angles(const RopeSpec& rope, std::span<const int> positions, float* cos, float* sin);

}  // namespace loci
