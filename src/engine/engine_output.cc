// The engine's output side: distributions become tokens, tokens become text, and both leave as events.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "engine/engine.h"

namespace loci {

std::string_view name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kAbort:
      return "abort";
    case FinishReason::kError:
      break;
  }
  return "error";
}

void Engine::take_prompt_logprobs(Sequence& sequence, std::span<const float> logits) {
  const TokenId next = sequence.tokens[static_cast<std::size_t>(sequence.prompt_logprobs_known)];
  sequence.add_prompt_logprob(raw_logprobs(logits, next, *sequence.request->request.prompt_logprobs));
}

void Engine::take_token(Sequence& sequence, std::span<const float> logits) {
  const Request& request = sequence.request->request;
  if (request.max_tokens == 0) return finish_without_token(sequence, FinishReason::kLength, "");
  std::optional<GivenToken> given;
  if (parts_.given_token) given = parts_.given_token(sequence.request->id, sequence.choice);
  const TokenId token = given ? given->token : choose_token(sequence, logits);
  if (token == kNoToken)
    return finish_without_token(sequence, FinishReason::kError,
                                "the model's output holds no finite number: its weights are damaged");

  sequence.tokens.push_back(token);
  if (request.sampling.uses_history()) sequence.history.add_output(token);
  ++sequence.request->usage.completion_tokens;
  ++counters_.generation_tokens;

  Event& event = next_event(sequence);
  event.tokens.push_back({token, {}});
  if (request.logprobs) event.tokens.back().logprobs = raw_logprobs(logits, token, *request.logprobs);
  add_text(sequence, token, event);
  if (given && given->ends && !event.finish) event.finish = FinishReason::kStop;
  complete(sequence, event);
}

void Engine::take_embedding(Sequence& sequence) {
  std::vector<float> embedding = sequence.pooler->finish();
  const bool finite = std::ranges::all_of(embedding, [](float x) { return std::isfinite(x); });
  if (!finite)
    return finish_without_token(sequence, FinishReason::kError,
                                "the model's output holds no finite number: its weights are damaged");
  Event& event = next_event(sequence);
  event.embedding = std::move(embedding);
  event.finish = FinishReason::kStop;
  complete(sequence, event);
}

TokenId Engine::choose_token(const Sequence& sequence, std::span<const float> logits) {
  const Request& request = sequence.request->request;
  std::vector<TokenId> masked;
  if (sequence.generated() < request.min_tokens) {
    masked = request.stop_token_ids;
    masked.insert(masked.end(), parts_.end_tokens.begin(), parts_.end_tokens.end());
  }
  const SampleContext context{request.sampling, sequence.history, masked,
                              static_cast<std::uint64_t>(sequence.choice),
                              static_cast<std::uint64_t>(sequence.known())};
  return sample(logits, context, scratch_);
}

bool Engine::is_end_token(const Request& request, TokenId token) const {
  return !request.ignore_eos && std::ranges::find(parts_.end_tokens, token) != parts_.end_tokens.end();
}

/// The text that `token` completes, and whether the choice ends with it: by a stop token, a stop string or
/// its length.
void Engine::add_text(Sequence& sequence, TokenId token, Event& event) const {
  const Request& request = sequence.request->request;
  const bool is_stop_token = std::ranges::find(request.stop_token_ids, token) != request.stop_token_ids.end();
  const bool ends = is_stop_token || is_end_token(request, token);
  if (!ends || request.include_stop_in_output)
    event.text = sequence.generated() > request.min_tokens ? sequence.text.push(token)
                                                           : sequence.text.push_unsearched(token);
  if (sequence.text.matched()) {
    event.finish = FinishReason::kStop;
    event.stop_reason = *sequence.text.matched();
    return;
  }
  if (ends) {
    event.finish = FinishReason::kStop;
    if (is_stop_token) event.stop_reason = token;
  } else if (sequence.generated() >= request.max_tokens) {
    event.finish = FinishReason::kLength;
  }
  if (event.finish) event.text += sequence.text.flush();
}

void Engine::finish_without_token(Sequence& sequence, FinishReason reason, std::string error) {
  if (sequence.request->beams) return end_search(*sequence.request, reason, error);
  Event& event = next_event(sequence);
  event.finish = reason;
  event.error = std::move(error);
  event.text = sequence.text.flush();
  complete(sequence, event);
}

/// Made where it will lie until it is delivered; valid until the next one.
Event& Engine::next_event(Sequence& sequence) {
  LOCI_CHECK(!sequence.finished);
  return outbox_.emplace_back(sequence.request).event;
}

void Engine::complete(Sequence& sequence, Event& event) {
  event.choice = sequence.choice;
  if (!sequence.lacks_prompt_logprobs()) event.prompt_logprobs = std::exchange(sequence.prompt_logprobs, {});
  if (event.finish) drop(sequence);
  add_totals(*sequence.request, event);
}

void Engine::post(ActiveRequest& request, Event&& event) {
  add_totals(request, outbox_.emplace_back(&request, std::move(event)).event);
}

/// What an event says of its request as a whole.
void Engine::add_totals(ActiveRequest& request, Event& event) {
  if (event.finish) event.last = --request.unfinished_choices == 0;
  event.usage = request.usage;
}

}  // namespace loci
