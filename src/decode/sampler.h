// Chooses the next token from the model's logits. A pure function: what it draws depends on the request's
// seed, the choice and the position of the token, so that no schedule can change it (first law).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "decode/sampling_params.h"
#include "decode/token_history.h"

namespace loci {

struct SampleContext {
  const SamplingParams& params;
  const TokenHistory& history;      // read only if params.uses_history()
  std::span<const TokenId> masked;  // tokens that may not come now (end of sequence before min_tokens)
  std::uint64_t stream = 0;         // number of the choice
  std::uint64_t position = 0;       // of the token that is chosen, counted from the start of the prompt
};

struct SampleScratch {
  struct Candidate {
    TokenId token;
    float logit;
  };
  std::vector<float> logits;
  std::vector<Candidate> candidates;
};

inline constexpr TokenId kNoToken = -1;

/// The next token, or kNoToken where the logits hold no finite number that may be chosen (a broken model).
/// In order: mask, bias, penalties, temperature, min_p, top_k, top_p, draw; temperature below 1e-5 is greedy,
/// and ties go to the lower id. O(vocab), plus a sort of the candidates where top_k or top_p ask for it.
TokenId sample(std::span<const float> logits, const SampleContext& context, SampleScratch& scratch);

}  // namespace loci
