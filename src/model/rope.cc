#include "model/rope.h"

#include <cmath>
#include <numbers>

#include "model/config_reader.h"

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

Result<> apply_hf_scaling(const json::object& scaling, const json::object& config,
                          std::span<float> frequencies) {
  std::string_view kind = "default";
  for (const char* key : {"rope_type", "type"})
    if (const json::value* value = find_field(scaling, key)) {
      if (!value->is_string())
        return fail(ErrorCode::kCorrupt, "rope scaling field '{}' is not a string", key);
      kind = value->get_string();
      break;
    }
  if (kind == "default") return {};
  LOCI_TRY(const double factor, number_field_or(scaling, "factor", 1.0));
  if (!(factor > 0))
    return fail(ErrorCode::kCorrupt, "rope scaling field 'factor' is {}, must be above 0", factor);
  if (kind == "linear") {
    scale_linear(frequencies, factor);
    return {};
  }
  if (kind != "llama3") return fail(ErrorCode::kUnsupported, "rope_type '{}' is not supported yet", kind);
  Llama3Scaling s{};
  s.factor = factor;
  LOCI_TRY(s.low_frequency_factor, number_field_or(scaling, "low_freq_factor", 1.0));
  LOCI_TRY(s.high_frequency_factor, number_field_or(scaling, "high_freq_factor", 4.0));
  LOCI_TRY(const int context, positive_field_or(config, "max_position_embeddings", 2048));
  LOCI_TRY(s.original_context_length, number_field_or(scaling, "original_max_position_embeddings", context));
  if (!(s.low_frequency_factor > 0) || !(s.high_frequency_factor > s.low_frequency_factor))
    return fail(ErrorCode::kCorrupt,
                "rope scaling fields 'low_freq_factor' and 'high_freq_factor' must be positive and rising");
  scale_llama3(frequencies, s);
  return {};
}

}  // namespace

Result<RopeSpec> rope_from_hf_config(const json::object& config, int rotary_dim) {
  const json::value* parameters = find_field(config, "rope_parameters");  // transformers 5
  if (parameters == nullptr) parameters = find_field(config, "rope_scaling");
  if (parameters != nullptr && !parameters->is_object())
    return fail(ErrorCode::kCorrupt, "field 'rope_parameters' or 'rope_scaling' is not an object");
  LOCI_TRY(double theta, number_field_or(config, "rope_theta", 10000.0));
  if (parameters != nullptr) {
    LOCI_TRY(theta, number_field_or(parameters->get_object(), "rope_theta", theta));
  }
  if (!(theta > 1)) return fail(ErrorCode::kCorrupt, "field 'rope_theta' is {}, must be above 1", theta);
  RopeSpec rope{rotary_dim, rope_inverse_frequencies(theta, rotary_dim)};
  if (parameters != nullptr)
    LOCI_TRY_VOID(apply_hf_scaling(parameters->get_object(), config, rope.inverse_frequencies));
  return rope;
}

void rope_angles(const RopeSpec& rope, std::span<const int> positions, float* cos, float* sin) {
  for (const int position : positions) {
    for (const float frequency : rope.inverse_frequencies) {
      // The product is rounded to float32 first, as PyTorch does: at large positions that rounding is
      // visible.
      const double angle = static_cast<float>(position) * frequency;
      *cos++ = static_cast<float>(std::cos(angle));
      *sin++ = static_cast<float>(std::sin(angle));
    }
  }
}

}  // namespace loci
