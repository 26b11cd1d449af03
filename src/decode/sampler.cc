#include "decode/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/philox.h"

namespace loci {
namespace {

using Candidate = SampleScratch::Candidate;

constexpr float kGreedyTemperature = 1e-5f;
constexpr float kMasked = -std::numeric_limits<float>::infinity();

bool more_likely(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

/// The greatest logit, in lanes that the compiler makes vectors of. Comparisons with NaN are false, so that a
/// NaN never wins.
float maximum(std::span<const float> logits) {
  constexpr std::size_t kLanes = 16;
  float lanes[kLanes];
  std::ranges::fill(lanes, kMasked);
  std::size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] = logits[i + j] > lanes[j] ? logits[i + j] : lanes[j];
  for (; i < logits.size(); ++i) lanes[0] = logits[i] > lanes[0] ? logits[i] : lanes[0];
  return *std::ranges::max_element(lanes);
}

/// The first of the greatest.
TokenId argmax(std::span<const float> logits) {
  const float greatest = maximum(logits);
  if (greatest == kMasked) return kNoToken;
  return static_cast<TokenId>(std::ranges::find(logits, greatest) - logits.begin());
}

void apply_penalties(std::span<float> logits, const SamplingParams& p, const TokenHistory& history) {
  for (const TokenHistory::Entry& entry : history.entries()) {
    float& logit = logits[static_cast<std::size_t>(entry.token)];
    logit = logit > 0 ? logit / p.repetition_penalty : logit * p.repetition_penalty;
    logit -= p.frequency_penalty * static_cast<float>(entry.output_count);
    if (entry.output_count > 0) logit -= p.presence_penalty;
  }
}

bool changes_logits(const SampleContext& c) {
  return !c.masked.empty() || !c.params.logit_bias.empty() || c.params.uses_history();
}

void adjust(std::span<float> logits, const SampleContext& c) {
  for (const TokenId token : c.masked) logits[static_cast<std::size_t>(token)] = kMasked;
  for (const auto& [token, bias] : c.params.logit_bias) logits[static_cast<std::size_t>(token)] += bias;
  if (c.params.uses_history()) apply_penalties(logits, c.params, c.history);
}

/// Tokens within reach of the best one: all of them, or those that min_p leaves (p >= min_p * p_max).
void collect(std::span<const float> logits, float max_logit, const SamplingParams& p,
             std::vector<Candidate>& candidates) {
  const float floor = p.min_p > 0 ? max_logit + p.temperature * std::log(p.min_p) : kMasked;
  candidates.clear();
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (logits[i] >= floor && logits[i] > kMasked) candidates.push_back({static_cast<TokenId>(i), logits[i]});
}

void keep_top_k(std::vector<Candidate>& candidates, int top_k) {
  if (top_k <= 0 || static_cast<std::size_t>(top_k) >= candidates.size()) return;
  const auto kth = candidates.begin() + top_k;
  std::nth_element(candidates.begin(), kth, candidates.end(), more_likely);
  candidates.erase(kth, candidates.end());
}

double weight(const Candidate& c, float max_logit, float temperature) {
  return std::exp((static_cast<double>(c.logit) - max_logit) / temperature);
}

/// Keeps the smallest set of most likely tokens whose probability reaches top_p (Holtzman et al. 2020).
void keep_top_p(std::vector<Candidate>& candidates, float max_logit, const SamplingParams& p) {
  if (p.top_p >= 1) return;
  std::ranges::sort(candidates, more_likely);
  double total = 0;
  for (const Candidate& c : candidates) total += weight(c, max_logit, p.temperature);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < candidates.size() && sum < p.top_p * total)
    sum += weight(candidates[kept++], max_logit, p.temperature);
  candidates.resize(std::max<std::size_t>(kept, 1));
}

TokenId draw(const std::vector<Candidate>& candidates, float max_logit, const SampleContext& c) {
  double total = 0;
  for (const Candidate& candidate : candidates) total += weight(candidate, max_logit, c.params.temperature);
  double left = philox_uniform(c.params.seed, c.stream, c.position) * total;
  for (const Candidate& candidate : candidates) {
    left -= weight(candidate, max_logit, c.params.temperature);
    if (left < 0) return candidate.token;
  }
  return candidates.back().token;  // rounding left a crumb
}

}  // namespace

TokenId sample(std::span<const float> logits, const SampleContext& context, SampleScratch& scratch) {
  if (changes_logits(context)) {
    scratch.logits.assign(logits.begin(), logits.end());
    adjust(scratch.logits, context);
    logits = scratch.logits;
  }
  const TokenId best = argmax(logits);
  if (best == kNoToken || context.params.temperature < kGreedyTemperature) return best;
  const float max_logit = logits[static_cast<std::size_t>(best)];
  if (!std::isfinite(max_logit)) return kNoToken;
  collect(logits, max_logit, context.params, scratch.candidates);
  keep_top_k(scratch.candidates, context.params.top_k);
  keep_top_p(scratch.candidates, max_logit, context.params);
  // nth_element leaves its own order; the draw must not depend on it.
  if (context.params.top_k > 0 && context.params.top_p >= 1)
    std::ranges::sort(scratch.candidates, more_likely);
  return draw(scratch.candidates, max_logit, context);
}

}  // namespace loci
