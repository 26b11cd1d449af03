#include "decode/logprobs.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace loci {
namespace {

int rank_of(std::span<const float> logits, TokenId token) {
  const float logit = logits[static_cast<std::size_t>(token)];
  int better = 0;
  for (std::size_t i = 0; i < logits.size(); ++i)
    better += logits[i] > logit || (logits[i] == logit && i < static_cast<std::size_t>(token));
  return better + 1;
}

std::vector<TokenId> most_likely(std::span<const float> logits, int count) {
  std::vector<TokenId> ids(logits.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<TokenId>(i);
  const auto end = ids.begin() + std::min<std::ptrdiff_t>(count, std::ssize(ids));
  std::partial_sort(ids.begin(), end, ids.end(), [&](TokenId a, TokenId b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  });
  ids.erase(end, ids.end());
  return ids;
}

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  float max = -std::numeric_limits<float>::infinity();
  for (const float logit : logits) max = std::max(max, logit);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - max);
  return max + std::log(sum);
}

TokenLogprobs raw_logprobs(std::span<const float> logits, TokenId chosen, int top) {
  const double normalizer = log_sum_exp(logits);
  const auto logprob = [&](TokenId token) {
    return static_cast<float>(logits[static_cast<std::size_t>(token)] - normalizer);
  };
  TokenLogprobs result{{chosen, logprob(chosen), rank_of(logits, chosen)}, {}};
  if (top <= 0) return result;
  int rank = 0;
  for (const TokenId token : most_likely(logits, top)) result.top.push_back({token, logprob(token), ++rank});
  return result;
}

}  // namespace loci
