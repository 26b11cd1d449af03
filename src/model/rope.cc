#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace loci {

std::vector<float> rope_inverse_frequencies(double theta, int rotary_dim) {
  std::vector<float> frequencies(static_cast<std::size_t>(rotary_dim / 2));
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(rotary_dim);
    frequencies[i] = 1.0f / std::pow(static_cast<float>(theta), exponent);
  }
  return frequencies;
}

void scale_linear(std::span<float> inverse_frequencies, double factor) {
  for (float& f : inverse_frequencies) f = static_cast<float>(f / factor);
}

void scale_llama3(std::span<float> inverse_frequencies, const Llama3Scaling& scaling) {
  const double longest_kept = scaling.original_context_length / scaling.high_frequency_factor;
  const double shortest_slowed = scaling.original_context_length / scaling.low_frequency_factor;
  for (float& f : inverse_frequencies) {
    const double wavelength = 2 * std::numbers::pi / f;
    if (wavelength < longest_kept) continue;
    double blend = 0;  // of the unscaled frequency
    if (wavelength <= shortest_slowed)
      blend = (scaling.original_context_length / wavelength - scaling.low_frequency_factor) /
              (scaling.high_frequency_factor - scaling.low_frequency_factor);
    f = static_cast<float>((1 - blend) * f / scaling.factor + blend * f);
  }
}

namespace {

/// The dimension that turns `turns` times in `context` positions.
double dimension_of(double turns, double theta, double rotary_dim, double context) {
  return rotary_dim * std::log(context / (turns * 2 * std::numbers::pi)) / (2 * std::log(theta));
}

}  // namespace

void scale_yarn(std::span<float> inverse_frequencies, const YarnScaling& s) {
  const double rotary_dim = 2.0 * static_cast<double>(inverse_frequencies.size());
  double low = dimension_of(s.beta_fast, s.theta, rotary_dim, s.original_context_length);
  double high = dimension_of(s.beta_slow, s.theta, rotary_dim, s.original_context_length);
  if (s.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0);
  high = std::min(high, rotary_dim - 1);
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < inverse_frequencies.size(); ++i) {
    const double slowed = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    const double f = inverse_frequencies[i];
    inverse_frequencies[i] = static_cast<float>(f / s.factor * slowed + f * (1 - slowed));
  }
}

double yarn_magnitude(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

double dynamic_ntk_theta(double theta, double factor, int rotary_dim, double original_context_length,
                         double context_length) {
  if (context_length <= original_context_length) return theta;
  const double growth = factor * context_length / original_context_length - (factor - 1);
  return theta * std::pow(growth, static_cast<double>(rotary_dim) / (rotary_dim - 2));
}

void divide_frequencies(std::span<float> inverse_frequencies, std::span<const float> divisors) {
  for (std::size_t i = 0; i < inverse_frequencies.size(); ++i) inverse_frequencies[i] /= divisors[i];
}

double longrope_magnitude(double extension, double original_context_length) {
  return extension <= 1 ? 1.0 : std::sqrt(1 + std::log(extension) / std::log(original_context_length));
}

void rope_angles(const RopeSpec& rope, std::span<const int> positions, float* cos, float* sin) {
  for (const int position : positions) {
    for (const float frequency : rope.inverse_frequencies) {
      // The product is rounded to float32 first, as PyTorch does: at large positions that rounding is
      // visible.
      const double angle = static_cast<float>(position) * frequency;
      *cos++ = static_cast<float>(std::cos(angle)) * rope.magnitude;
      *sin++ = static_cast<float>(std::sin(angle)) * rope.magnitude;
    }
  }
}

}  // namespace loci
