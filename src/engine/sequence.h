// One token stream inside the engine: what it knows, what of it is computed, and where its KV lies.
#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "decode/token_history.h"
#include "engine/choice_text.h"
#include "engine/request.h"
#include "memory/block_table.h"
#include "sched/view.h"

namespace loci {

/// A request between acceptance and its last event.
struct ActiveRequest {
  RequestId id;
  Request request;
  EventSink sink;
  Time arrival;
  int unfinished_choices;  // that have not sent their finish
  int sequences;           // that the engine still holds
  Usage usage;
};

struct Sequence {
  Sequence(SequenceId i, ActiveRequest& r, int c, const Tokenizer& tokenizer, BlockPool& pool,
           int block_tokens)
      : id(i),
        request(&r),
        choice(c),
        tokens(r.request.prompt),
        table(pool, block_tokens),
        text(tokenizer, r.request) {
    if (r.request.sampling.uses_history()) history.add_prompt(tokens);
    if (wants_prompt_logprobs()) add_prompt_logprob({});  // nothing precedes the first token
    if (r.request.pooling) pooler.emplace(*r.request.pooling, known());
  }

  SequenceId id;
  ActiveRequest* request;  // outlives its sequences
  int choice;
  std::vector<TokenId> tokens;  // known: prompt, then generated
  int computed = 0;             // leading tokens whose KV is in `table`
  BlockTable table;
  TokenHistory history;
  ChoiceText text;
  std::vector<std::optional<TokenLogprobs>> prompt_logprobs;  // of the prompt's tokens, until they are sent
  int prompt_logprobs_known = 0;
  std::optional<Pooler> pooler;  // where an embedding is wanted
  bool whole = false;            // is computed in one step
  bool finished = false;

  int known() const { return static_cast<int>(tokens.size()); }
  int prompt_tokens() const { return static_cast<int>(request->request.prompt.size()); }
  int generated() const { return known() - prompt_tokens(); }

  bool wants_prompt_logprobs() const { return choice == 0 && request->request.prompt_logprobs.has_value(); }
  bool lacks_prompt_logprobs() const {
    return wants_prompt_logprobs() && prompt_logprobs_known < prompt_tokens();
  }
  void add_prompt_logprob(std::optional<TokenLogprobs> logprob) {
    prompt_logprobs.push_back(std::move(logprob));
    ++prompt_logprobs_known;
  }
  /// The first position whose distribution is still wanted. Position p tells of token p + 1.
  int first_logits() const {
    if (pooler) return known();
    return lacks_prompt_logprobs() ? prompt_logprobs_known - 1 : known() - 1;
  }

  SequenceView view() const {
    return {id, request->arrival, known(), computed, table.block_count(), first_logits(), whole};
  }
};

}  // namespace loci
