#include "decode/sampling_params.h"

#include <cmath>

namespace loci {
namespace {

/// `wanted` completes "must be ...".
std::unexpected<Error> out_of_range(std::string_view field, double value, std::string_view wanted) {
  return std::unexpected(Error{ErrorCode::kInvalidArgument,
                               fmt::format("{} is {}, must be {}", field, value, wanted),
                               std::string(field)});
}

Result<> check_range(std::string_view field, double value, double low, double high) {
  if (value >= low && value <= high) return {};  // false for NaN too
  return out_of_range(field, value, fmt::format("in [{}, {}]", low, high));
}

}  // namespace

Result<> validate(const SamplingParams& p, int vocab_size) {
  if (!std::isfinite(p.temperature) || p.temperature < 0)
    return out_of_range("temperature", p.temperature, "a number >= 0");
  if (!(p.top_p > 0 && p.top_p <= 1)) return out_of_range("top_p", p.top_p, "in (0, 1]");
  if (p.top_k < -1) return out_of_range("top_k", p.top_k, "at least 1, or 0 or -1 for all");
  LOCI_TRY_VOID(check_range("min_p", p.min_p, 0, 1));
  LOCI_TRY_VOID(check_range("presence_penalty", p.presence_penalty, -2, 2));
  LOCI_TRY_VOID(check_range("frequency_penalty", p.frequency_penalty, -2, 2));
  if (!std::isfinite(p.repetition_penalty) || p.repetition_penalty <= 0)
    return out_of_range("repetition_penalty", p.repetition_penalty, "above 0");
  for (const auto& [token, bias] : p.logit_bias) {
    if (token < 0 || token >= vocab_size)
      return out_of_range("logit_bias", token,
                          fmt::format("a token of the vocabulary, 0..{}", vocab_size - 1));
    LOCI_TRY_VOID(check_range("logit_bias", bias, -100, 100));
  }
  return {};
}

}  // namespace loci
