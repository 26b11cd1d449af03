#include "decode/beam_params.h"

namespace loci {
namespace {

std::unexpected<Error> refuse(std::string_view field, std::string message) {
  return std::unexpected(Error{ErrorCode::kInvalidArgument, std::move(message), std::string(field)});
}

}  // namespace

Result<> validate(const BeamParams& params, const SamplingParams& sampling) {
  constexpr double kMost = 10;
  if (!(params.length_penalty >= -kMost && params.length_penalty <= kMost))
    return refuse("length_penalty", fmt::format("length_penalty is {}, must be in [{}, {}]",
                                                params.length_penalty, -kMost, kMost));
  const struct {
    std::string_view field;
    bool asks;
    double value;
  } parameters[] = {
      {"temperature", sampling.temperature != 0 && sampling.temperature != 1, sampling.temperature},
      {"top_p", sampling.top_p != 1, sampling.top_p},
      {"top_k", sampling.top_k > 0, static_cast<double>(sampling.top_k)},
      {"min_p", sampling.min_p != 0, sampling.min_p},
      {"repetition_penalty", sampling.repetition_penalty != 1, sampling.repetition_penalty},
      {"presence_penalty", sampling.presence_penalty != 0, sampling.presence_penalty},
      {"frequency_penalty", sampling.frequency_penalty != 0, sampling.frequency_penalty}};
  for (const auto& [field, asks, value] : parameters)
    if (asks)
      return refuse(field, fmt::format("{} is {}: beam search takes the likeliest tokens and samples none",
                                       field, value));
  if (!sampling.logit_bias.empty())
    return refuse("logit_bias", "logit_bias is not available with beam search");
  return {};
}

}  // namespace loci
