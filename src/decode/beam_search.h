// Beam search: of all continuations of a prompt, the `width` likeliest are kept side by side, token by token.
//
//   log P(Y) = the sum of the log probabilities of Y's tokens, an end token included
//   score(Y) = log P(Y) / |Y|^length_penalty,   |Y| = how many tokens the sum has
//
// Length normalization: Wu et al. 2016 (GNMT), eq. 14, in the plain form of Hugging Face's generate(), whose
// rule of a step this is too (GenerationMixin._beam_search): the candidates of all beams in order of log P;
// those among the first `width` that end are finished hypotheses, others that end are dropped; the first
// `width` that do not end go on. Of the finished ones the `width` best by score are kept; where the tokens
// are used up, the live beams are hypotheses too.
//
// A pure state machine: the same distributions give the same hypotheses, whatever the order in which they
// were computed. Ties go to the beam that is ahead, then to the lower rank in its distribution (equal logits:
// the lower id); of finished ones to the earlier.
#pragma once

#include <span>
#include <vector>

#include "base/ids.h"
#include "decode/beam_params.h"
#include "decode/logprobs.h"
#include "decode/token_paths.h"

namespace loci {

/// A token that may follow a beam.
struct BeamCandidate {
  TokenLogprob token;
  bool ends;  // the hypothesis is finished with it
};

/// What may follow one beam: the likeliest tokens, best first.
struct BeamExpansion {
  std::vector<BeamCandidate> candidates;
  std::vector<TokenLogprob> top{};  // alternatives to report with whichever is chosen
};

struct CandidateRules {
  int width;
  std::span<const TokenId> ending;  // tokens that finish a hypothesis
  std::span<const TokenId> masked;  // tokens that may not come now
};

/// The candidates of a beam whose distribution is log softmax of `logits` [vocab]: with the `width` likeliest
/// tokens that do not end, all that are as likely as these. Empty where the logits hold no finite
/// distribution (a broken model), or nothing that may come. O(vocab) and a heap of the candidates.
std::vector<BeamCandidate> beam_candidates(std::span<const float> logits, const CandidateRules& rules);

/// log P / |Y|^length_penalty; `length` >= 1.
double beam_score(double logprob, int length, double length_penalty);

struct Hypothesis {
  std::vector<TokenLogprobs> tokens;
  double logprob;
  double score;
  bool ended;  // by a token that ends; else the tokens were used up
};

class BeamSearch {
 public:
  /// `width` beams of at most `max_tokens` tokens; both at least 1. Begins with one beam, which is empty.
  BeamSearch(const BeamParams& params, int width, int max_tokens)
      : params_(params), width_(width), max_tokens_(max_tokens), live_{{0, TokenPaths::kRoot}} {}

  struct Child {
    int parent;  // which of the beams before
    TokenId token;
  };
  /// One token more, given what may follow each live beam (`expansions` [live()]). The live beams afterwards,
  /// best first; none if the search is over.
  std::span<const Child> advance(std::span<const BeamExpansion> expansions);

  int live() const { return static_cast<int>(live_.size()); }
  bool over() const { return live_.empty(); }
  /// The best hypotheses, best first: `width`, unless the distributions had fewer continuations. The search
  /// is over.
  std::vector<Hypothesis> best() const;

 private:
  struct Beam {
    double logprob;
    int path;
  };
  struct Finished {
    double logprob, score;
    int path;
    bool ended;
  };
  struct Continuation {
    double logprob;
    int parent;
    const BeamCandidate* candidate;
  };

  void select(std::span<const BeamExpansion> expansions);
  int extend(const Continuation& chosen, std::span<const BeamExpansion> expansions);
  void finish(double logprob, int path, bool ended);
  bool is_decided() const;
  void end();

  BeamParams params_;
  int width_, max_tokens_;
  int length_ = 0;  // tokens of each live beam
  TokenPaths paths_;
  std::vector<Beam> live_;                       // best first
  std::vector<Finished> finished_;               // best first, at most width_
  std::vector<Continuation> going_on_, ending_;  // of the current step
  std::vector<Child> children_;
};

}  // namespace loci
