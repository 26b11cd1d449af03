// One token stream inside the engine: what it knows, what of it is computed, and where its KV lies.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "decode/token_history.h"
#include "engine/beam_group.h"
#include "engine/choice_text.h"
#include "engine/request.h"
#include "engine/request_record.h"
#include "memory/kv_memory.h"
#include "sched/view.h"

namespace loci {

/// A request between acceptance and its last event.
struct ActiveRequest {
  RequestId id;
  Request request;
  EventSink sink;
  Time arrival;
  int tenant;              // index of the engine's tenants
  int unfinished_choices;  // that have not sent their finish
  int sequences;           // that the engine still holds
  Usage usage{};
  PhaseClock clock{arrival};
  std::uint64_t phase_step = ~std::uint64_t{0};  // the last step that computed some of it
  Phase step_phase = Phase::kStalled;            // in that step: the furthest of its sequences
  std::optional<Time> first_token{};
  std::optional<FinishReason> finish{};  // of the first choice
  bool cut_short = false;                // a choice of it was aborted or failed
  int preemptions = 0, recomputed_tokens = 0;
  std::unique_ptr<BeamGroup> beams{};  // of a beam search

  Time deadline() const {
    return request.first_token_within && !first_token ? arrival + *request.first_token_within : Time::max();
  }
};

/// The account of a request at `now`.
RequestRecord record_of(const ActiveRequest& request, bool finished, Time now);

inline constexpr std::size_t kNoRank = ~std::size_t{0};

struct Sequence {
  Sequence(SequenceId i, ActiveRequest& r, int c, const Tokenizer& tokenizer, KvMemory& memory,
           CacheNamespace owner)
      : id(i),
        request(&r),
        choice(c),
        tokens(r.request.prompt),
        table(memory),
        chain(owner, memory.block_tokens()),
        text(tokenizer, r.request) {
    if (r.request.sampling.uses_history()) history.add_prompt(tokens);
    if (wants_prompt_logprobs()) add_prompt_logprob({});  // nothing precedes the first token
    if (r.request.pooling) pooler.emplace(*r.request.pooling, known());
    chain.extend(tokens);
  }
  /// A beam that knows what `parent` knows. It brings no log probabilities of the prompt: the first beam
  /// does.
  Sequence(SequenceId i, const Sequence& parent, const Tokenizer& tokenizer, KvMemory& memory)
      : id(i),
        request(parent.request),
        choice(1),
        started(true),
        tokens(parent.tokens),
        table(memory),
        chain(parent.chain),
        text(tokenizer, request->request) {}

  // What a step that decodes reads and writes lies together.
  SequenceId id;
  ActiveRequest* request;  // outlives its sequences
  int choice;
  int computed = 0;         // leading tokens whose KV is in `table`
  int computed_before = 0;  // tokens whose KV it lost when it was preempted: computing them is done twice
  int shared_blocks = 0;    // of `table`, those that others hold too
  std::uint64_t sharing = ~std::uint64_t{0};   // KvMemory::sharing() when they were counted
  std::size_t rank = kNoRank;                  // among those that share blocks, by their tables
  int announced_begin = 0, announced_end = 0;  // blocks that others may wait for
  int prompt_logprobs_known = 0;
  bool whole = false;    // is computed in one step
  bool running = false;  // has been admitted, and not preempted since
  bool started = false;  // has been admitted before
  bool finished = false;
  std::vector<TokenId> tokens;  // known: prompt, then generated
  BlockTable table;
  KeyChain chain;                          // of its whole blocks
  std::optional<Pooler> pooler;            // where an embedding is wanted
  std::optional<BeamExpansion> expansion;  // of a beam that waits for the others of its search
  ChoiceText text;
  TokenHistory history;
  std::vector<std::optional<TokenLogprobs>> prompt_logprobs;  // of the prompt's tokens, until they are sent

  // While it waits.
  PrefixMatch match;                                                 // what memory held when it was looked up
  std::uint64_t match_growth = ~std::uint64_t{0}, match_losses = 0;  // and when that was
  Sequence* leader = nullptr;  // the first choice, whose prompt it will share

  /// Who serves offline work may take his time.
  Pace pace() const { return request->request.service == Service::kOffline ? Pace::kIdle : Pace::kSteady; }

  int known() const { return static_cast<int>(tokens.size()); }
  int prompt_tokens() const { return static_cast<int>(request->request.prompt.size()); }
  int generated() const { return known() - prompt_tokens(); }

  /// All its known tokens have been computed, though their KV may be lost, and it cannot go on alone.
  bool waits_for_beams() const { return expansion.has_value(); }

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
  /// Leading tokens that need not be computed if their KV is found: not those whose results are wanted.
  int most_cached_tokens() const { return pooler ? 0 : std::min(known() - 1, first_logits()); }
};

}  // namespace loci
