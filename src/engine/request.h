// A request as the engine takes it, and the events that it answers with.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "decode/beam_params.h"
#include "decode/logprobs.h"
#include "decode/sampling_params.h"
#include "engine/pooling.h"
#include "memory/block_key.h"
#include "memory/evict/evict.h"
#include "sched/view.h"

namespace loci {

/// How long blocks stay in the cache beside others (TensorRT-LLM's KvCacheRetentionConfig).
struct RetentionLevel {
  int priority = kDefaultRetentionPriority;  // 0..100; higher stays longer
  std::optional<Duration> duration{};        // after which it is the default's again; none: for good
};
struct Retention {
  int begin = 0, end = 0;  // prompt tokens [begin, end)
  RetentionLevel level;
};

struct Request {
  std::vector<TokenId> prompt;  // not empty; every id in the vocabulary
  SamplingParams sampling;
  int choices = 1;      // n: independent token streams of this prompt, or the beams of a search
  int max_tokens = 16;  // per choice; 0 is legal only with prompt_logprobs or echo (nothing is generated)
  int min_tokens = 0;   // end-of-sequence and stop tokens are masked until then
  std::vector<std::string> stop;
  std::vector<TokenId> stop_token_ids;
  bool ignore_eos = false;
  bool include_stop_in_output = false;
  bool skip_special_tokens = true;
  std::vector<TokenId> kept_special_tokens;  // that are text even so, for who reads the answer's structure
  std::optional<int> logprobs;               // alternatives per generated token (0: the chosen one alone)
  std::optional<int> prompt_logprobs;        // alternatives per prompt token
  std::optional<BeamParams> beams;           // the choices are the best of a beam search, best first
  std::optional<Pooling> pooling;            // an embedding is wanted instead of text: max_tokens is 0

  // Whose it is, and what it is owed.
  std::string name;                // by which it can be asked about while it runs, and for a while after
  std::string tenant;              // the principal: quotas and fair shares count by it
  CacheNamespace cache_namespace;  // whose prefixes it may share
  bool cache_prompt = true;        // false: no KV is found for it, and it leaves none behind
  int priority = 0;                // lower goes first
  Service service = Service::kOnline;
  std::optional<Duration> first_token_within{};      // its deadline, for policies that keep one
  std::vector<Retention> retention;                  // how long parts of its prompt stay cached
  std::optional<RetentionLevel> output_retention{};  // and of its output
};

enum class FinishReason {
  kStop,    // end of sequence, a stop token or a stop string
  kLength,  // max_tokens or the context is used up
  kAbort,   // cancelled, or the server is shutting down
  kError,   // the engine could not go on; see Event::error
};
std::string_view name(FinishReason reason);  // "stop", "length", "abort", "error"

struct OutputToken {
  TokenId token;
  std::optional<TokenLogprobs> logprobs;
};

/// Most events have one: it lies in the event itself, so that a step which only decodes allocates nothing.
using OutputTokens = boost::container::small_vector<OutputToken, 1>;

struct Usage {
  int prompt_tokens = 0;
  int completion_tokens = 0;  // of all choices
  int cached_tokens = 0;      // prompt tokens whose KV was found in memory
};

/// Progress of one choice. The last event of a request, and only it, has `last` set: exactly one per accepted
/// request.
struct Event {
  int choice = 0;
  std::string text;     // became complete with these tokens; whole UTF-8 characters, no part of a stop string
  OutputTokens tokens;  // generated since the previous event of this choice
  std::vector<std::size_t> text_ends{};  // [tokens] where the text that each completed ends; empty: of one
                                         // token, all of it
  std::vector<std::optional<TokenLogprobs>>
      prompt_logprobs;                 // in the first event of choice 0, if asked for: [prompt tokens],
                                       // the first empty (nothing precedes it)
  std::vector<float> embedding;        // [hidden], of length 1; with `finish`, if asked for
  std::optional<FinishReason> finish;  // this choice is over
  std::variant<std::monostate, TokenId, std::string>
      stop_reason;  // the stop token or stop string that ended it
  bool last = false;
  Time at{};    // when the step that made it was over
  Usage usage;  // so far; final where `last`
  std::string error;
};

/// Called on the engine thread, in order; must not block and must not throw.
using EventSink = std::function<void(Event&&)>;

}  // namespace loci
