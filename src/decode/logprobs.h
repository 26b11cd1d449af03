// Log probabilities of the raw distribution: log softmax of the model's logits, before penalties and
// temperature.
#pragma once

#include <span>
#include <vector>

#include "base/ids.h"

namespace loci {

struct TokenLogprob {
  TokenId token;
  float logprob;
  int rank;  // 1 = the most likely token
};

struct TokenLogprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;  // the most likely tokens, best first; ties by lower id
};

/// What the logits [vocab] are normalized with: log of the sum of exp. Never below the greatest of them; not
/// finite where one is NaN or infinite. O(vocab).
double log_sum_exp(std::span<const float> logits);

/// `logits` [vocab]; `top` alternatives (0 = none). O(vocab), and O(top log top) on top of it.
TokenLogprobs raw_logprobs(std::span<const float> logits, TokenId chosen, int top);

}  // namespace loci
