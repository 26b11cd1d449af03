#include "decode/beam_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace loci {
namespace {

struct Likely {
  float logit;
  TokenId token;
};

bool more_likely(const Likely& a, const Likely& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

bool contains(std::span<const TokenId> tokens, TokenId token) {
  return std::ranges::find(tokens, token) != tokens.end();
}

/// The `count` likeliest tokens, best first; fewer where fewer have a finite logit.
std::vector<Likely> likeliest(std::span<const float> logits, std::size_t count) {
  std::vector<Likely> heap;  // the least likely in front
  heap.reserve(std::min(count, logits.size()));
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const Likely next{logits[i], static_cast<TokenId>(i)};
    if (!std::isfinite(next.logit)) continue;
    if (heap.size() == count) {
      if (!more_likely(next, heap.front())) continue;
      std::ranges::pop_heap(heap, more_likely);
      heap.pop_back();
    }
    heap.push_back(next);
    std::ranges::push_heap(heap, more_likely);
  }
  std::ranges::sort_heap(heap, more_likely);
  return heap;
}

}  // namespace

std::vector<BeamCandidate> beam_candidates(std::span<const float> logits, const CandidateRules& rules) {
  const double normalizer = log_sum_exp(logits);
  if (!std::isfinite(normalizer)) return {};
  const std::vector<Likely> likely =
      likeliest(logits, static_cast<std::size_t>(rules.width) + rules.ending.size() + rules.masked.size());
  std::vector<BeamCandidate> candidates;
  int rank = 0, going_on = 0;
  for (const auto& [logit, token] : likely) {
    ++rank;
    if (contains(rules.masked, token)) continue;
    const bool ends = contains(rules.ending, token);
    candidates.push_back({{token, static_cast<float>(logit - normalizer), rank}, ends});
    going_on += !ends;
    if (going_on == rules.width) break;
  }
  return candidates;
}

double beam_score(double logprob, int length, double length_penalty) {
  return logprob / std::pow(static_cast<double>(length), length_penalty);
}

std::span<const BeamSearch::Child> BeamSearch::advance(std::span<const BeamExpansion> expansions) {
  LOCI_CHECK(expansions.size() == live_.size() && !over());
  select(expansions);
  ++length_;
  for (const Continuation& chosen : ending_) finish(chosen.logprob, extend(chosen, expansions), true);
  std::vector<Beam> next;
  children_.clear();
  for (const Continuation& chosen : going_on_) {
    next.push_back({chosen.logprob, extend(chosen, expansions)});
    children_.push_back({chosen.parent, chosen.candidate->token.token});
  }
  for (const Beam& beam : live_) paths_.release(beam.path);
  live_ = std::move(next);
  if (length_ == max_tokens_)
    for (Beam& beam : live_) {
      finish(beam.logprob, beam.path, false);
      beam.path = TokenPaths::kRoot;
    }
  if (length_ == max_tokens_ || is_decided()) end();
  return children_;
}

/// Sorts the candidates of all beams: which end here, and which go on.
void BeamSearch::select(std::span<const BeamExpansion> expansions) {
  std::vector<Continuation> all;
  for (std::size_t beam = 0; beam < expansions.size(); ++beam)
    for (const BeamCandidate& candidate : expansions[beam].candidates)
      all.push_back({live_[beam].logprob + candidate.token.logprob, static_cast<int>(beam), &candidate});
  std::ranges::sort(all, [](const Continuation& a, const Continuation& b) {
    if (a.logprob != b.logprob) return a.logprob > b.logprob;
    return a.parent != b.parent ? a.parent < b.parent : a.candidate->token.rank < b.candidate->token.rank;
  });
  going_on_.clear();
  ending_.clear();
  const auto width = static_cast<std::size_t>(width_);
  for (std::size_t place = 0; place < all.size() && going_on_.size() < width; ++place) {
    if (!all[place].candidate->ends) {
      going_on_.push_back(all[place]);
    } else if (place < width) {
      ending_.push_back(all[place]);
    }
  }
}

int BeamSearch::extend(const Continuation& chosen, std::span<const BeamExpansion> expansions) {
  const auto parent = static_cast<std::size_t>(chosen.parent);
  return paths_.add(live_[parent].path, {chosen.candidate->token, expansions[parent].top});
}

/// Takes `path` over: among the best, or released.
void BeamSearch::finish(double logprob, int path, bool ended) {
  const Finished one{logprob, beam_score(logprob, length_, params_.length_penalty), path, ended};
  const auto where =
      std::ranges::find_if(finished_, [&](const Finished& other) { return other.score < one.score; });
  finished_.insert(where, one);
  if (finished_.size() <= static_cast<std::size_t>(width_)) return;
  paths_.release(finished_.back().path);
  finished_.pop_back();
}

/// Whether the hypotheses stay as they are. A live beam's log P can only fall, and its length rises: its
/// score is at most that of its log P at the length that favours it most.
bool BeamSearch::is_decided() const {
  if (live_.empty()) return true;
  if (finished_.size() < static_cast<std::size_t>(width_)) return false;
  if (params_.early_stopping == EarlyStopping::kFirst) return true;
  const bool exact = params_.early_stopping == EarlyStopping::kNever;
  const int best_length = !exact ? length_ : params_.length_penalty > 0 ? max_tokens_ : length_ + 1;
  return finished_.back().score >= beam_score(live_.front().logprob, best_length, params_.length_penalty);
}

void BeamSearch::end() {
  for (const Beam& beam : live_) paths_.release(beam.path);
  live_.clear();
  children_.clear();
}

std::vector<Hypothesis> BeamSearch::best() const {
  LOCI_CHECK(over());
  std::vector<Hypothesis> hypotheses;
  for (const Finished& one : finished_)
    hypotheses.push_back({paths_.tokens_of(one.path), one.logprob, one.score, one.ended});
  return hypotheses;
}

}  // namespace loci
