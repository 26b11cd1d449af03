// The beams of one request: each is a sequence of its own, planned, preempted and cached like any other. One
// that knows what may follow it waits, with or without its KV, until all of them do; then the search takes a
// step. So no plan can change what is found (first law).
#pragma once

#include <optional>
#include <vector>

#include "decode/beam_search.h"

namespace loci {

struct Sequence;

struct BeamGroup {
  BeamSearch search;
  std::vector<Sequence*> live{};                                // in the order of the search
  std::vector<TokenId> ending{};                                // tokens that finish a hypothesis
  std::vector<TokenId> masked{};                                // tokens that may not come before min_tokens
  std::vector<std::optional<TokenLogprobs>> prompt_logprobs{};  // kept for the first choice
};

}  // namespace loci
