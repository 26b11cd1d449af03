#include "engine/engine.h"
#include "memory/block_table.h"

namespace loci {
namespace {

std::unexpected<Error> refuse(std::string_view field, std::string message) {
  return std::unexpected(Error{ErrorCode::kInvalidArgument, std::move(message), std::string(field)});
}

Result<> check_beams(const Request& request, int vocab_size) {
  LOCI_TRY_VOID(validate(*request.beams, request.sampling));
  if (request.max_tokens < 1)
    return refuse("max_tokens",
                  fmt::format("max_tokens is {}, must be at least 1 with beam search", request.max_tokens));
  if (!request.stop.empty()) return refuse("stop", "stop strings are not available with beam search");
  if (request.choices + std::ssize(request.stop_token_ids) >= vocab_size)
    return refuse("n",
                  fmt::format("n is {} and there are {} stop tokens: too many for beams in a vocabulary of "
                              "{} tokens",
                              request.choices, request.stop_token_ids.size(), vocab_size));
  return {};
}

Result<> check_length(const Request& request, const EngineLimits& limits) {
  const auto prompt = static_cast<std::int64_t>(request.prompt.size());
  if (request.pooling && prompt > limits.max_model_len)
    return refuse("input", fmt::format("the input has {} tokens, more than the context of {} tokens", prompt,
                                       limits.max_model_len));
  if (prompt + (request.max_tokens > 0 ? 1 : 0) > limits.max_model_len)
    return refuse(
        "prompt",
        fmt::format("the prompt has {} tokens and leaves no room to generate in the context of {} tokens",
                    prompt, limits.max_model_len));
  if (prompt + request.max_tokens > limits.max_model_len)
    return refuse(
        "max_tokens",
        fmt::format(
            "max_tokens is {} and the prompt has {} tokens: together {}, more than the context of {} tokens",
            request.max_tokens, prompt, prompt + request.max_tokens, limits.max_model_len));
  return {};
}

}  // namespace

Result<> validate(const Request& request, const EngineLimits& limits, int vocab_size) {
  if (!limits.generates && !request.pooling)
    return refuse("model", fmt::format("this model {}: it gives embeddings (/v1/embeddings), not text",
                                       limits.causal ? "has no language-modeling head" : "is an encoder"));
  if (request.pooling && (request.max_tokens != 0 || request.choices != 1 || request.prompt_logprobs))
    return refuse("max_tokens", "an embedding has no output tokens, choices or log probabilities");
  if (request.prompt.empty()) return refuse("prompt", "the prompt is empty");
  for (const TokenId token : request.prompt)
    if (token < 0 || token >= vocab_size)
      return refuse("prompt", fmt::format("token {} of the prompt is outside the vocabulary 0..{}", token,
                                          vocab_size - 1));
  if (request.max_tokens < 0)
    return refuse("max_tokens", fmt::format("max_tokens is {}, must be at least 0", request.max_tokens));
  if (request.min_tokens < 0 || request.min_tokens > request.max_tokens)
    return refuse("min_tokens", fmt::format("min_tokens is {}, must be in 0..max_tokens ({})",
                                            request.min_tokens, request.max_tokens));
  constexpr int kMaxChoices = 128;
  if (request.choices < 1 || request.choices > kMaxChoices)
    return refuse("n", fmt::format("n is {}, must be in 1..{}", request.choices, kMaxChoices));
  for (const TokenId token : request.stop_token_ids)
    if (token < 0 || token >= vocab_size)
      return refuse("stop_token_ids",
                    fmt::format("token {} is outside the vocabulary 0..{}", token, vocab_size - 1));
  LOCI_TRY_VOID(validate(request.sampling, vocab_size));
  if (request.beams) LOCI_TRY_VOID(check_beams(request, vocab_size));
  return check_length(request, limits);
}

}  // namespace loci
