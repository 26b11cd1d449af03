// Beam search in the engine: distributions become candidates; when every beam of a request has its own, the
// search takes a step. A beam with several successors is forked, its KV shared until somebody writes; one
// without gives its blocks back in the same step.
#include <algorithm>

#include "base/check.h"
#include "engine/engine.h"

namespace loci {
namespace {

/// One event with all of a hypothesis, but for what the request's other choices decide.
Event event_of(const Hypothesis& hypothesis, const Request& request, const Tokenizer& tokenizer) {
  Event event;
  ChoiceText text(tokenizer, request);
  for (std::size_t i = 0; i < hypothesis.tokens.size(); ++i) {
    const TokenLogprobs& token = hypothesis.tokens[i];
    const bool is_end = hypothesis.ended && i + 1 == hypothesis.tokens.size();
    if (!is_end || request.include_stop_in_output) event.text += text.push(token.chosen.token);
    event.text_ends.push_back(event.text.size());
    event.tokens.push_back({token.chosen.token, {}});
    if (request.logprobs) event.tokens.back().logprobs = token;
  }
  event.text += text.flush();
  event.text_ends.back() = event.text.size();
  event.finish = hypothesis.ended ? FinishReason::kStop : FinishReason::kLength;
  const TokenId last = event.tokens.back().token;
  if (hypothesis.ended && std::ranges::find(request.stop_token_ids, last) != request.stop_token_ids.end())
    event.stop_reason = last;
  return event;
}

}  // namespace

std::unique_ptr<BeamGroup> Engine::make_beams(const Request& request) const {
  if (!request.beams) return nullptr;
  auto group = std::make_unique<BeamGroup>(
      BeamGroup{.search = BeamSearch(*request.beams, request.choices, request.max_tokens)});
  group->ending = request.stop_token_ids;
  if (!request.ignore_eos)
    group->ending.insert(group->ending.end(), parts_.end_tokens.begin(), parts_.end_tokens.end());
  if (request.min_tokens == 0) return group;
  group->masked = request.stop_token_ids;
  group->masked.insert(group->masked.end(), parts_.end_tokens.begin(), parts_.end_tokens.end());
  return group;
}

/// What may follow `beam`, whose distribution has been computed. It waits now for the others of its search.
void Engine::expand_beam(Sequence& beam, std::span<const float> logits) {
  // Another beam of this step has ended the search; or what was known has been computed again.
  if (beam.finished || beam.waits_for_beams()) return;
  const Request& request = beam.request->request;
  BeamGroup& group = *beam.request->beams;
  const std::span<const TokenId> none;
  BeamExpansion expansion{beam_candidates(
      logits, {request.choices, group.ending, beam.generated() < request.min_tokens ? group.masked : none})};
  if (expansion.candidates.empty())
    return end_search(*beam.request, FinishReason::kError,
                      "the model's output holds no finite distribution: its weights are damaged");
  if (request.logprobs.value_or(0) > 0)
    expansion.top = raw_logprobs(logits, expansion.candidates.front().token.token, *request.logprobs).top;
  if (!beam.prompt_logprobs.empty()) group.prompt_logprobs = std::exchange(beam.prompt_logprobs, {});
  beam.expansion = std::move(expansion);
  if (std::ranges::all_of(group.live, &Sequence::waits_for_beams)) expanded_.push_back(beam.request);
}

void Engine::advance_searches(Time now) {
  for (ActiveRequest* request : expanded_)
    if (request->unfinished_choices > 0) advance_search(*request, now);  // else the step has failed
  if (!expanded_.empty()) sort_running();
  expanded_.clear();
}

void Engine::advance_search(ActiveRequest& request, Time now) {
  BeamGroup& group = *request.beams;
  std::vector<BeamExpansion> expansions;
  for (Sequence* beam : group.live) {
    expansions.push_back(std::move(*beam->expansion));
    beam->expansion.reset();
  }
  const auto children = group.search.advance(expansions);
  if (group.search.over()) return finish_search(request);

  const std::vector<Sequence*> parents = std::exchange(group.live, {});
  std::vector<int> unborn(parents.size());
  for (const BeamSearch::Child& child : children) ++unborn[static_cast<std::size_t>(child.parent)];
  for (std::size_t i = 0; i < parents.size(); ++i)
    if (unborn[i] == 0) drop(*parents[i]);
  retire_finished(now);  // their slots are the children's
  for (const BeamSearch::Child& child : children) {
    const auto parent = static_cast<std::size_t>(child.parent);
    // The last child is its parent with one token more.
    Sequence& beam = --unborn[parent] > 0 ? fork_beam(*parents[parent]) : *parents[parent];
    beam.tokens.push_back(child.token);
    group.live.push_back(&beam);
  }
}

/// A beam beside `parent` that shares its KV; without a free slot, or where the parent has lost its KV, it
/// waits like a preempted one.
Sequence& Engine::fork_beam(Sequence& parent) {
  const SequenceId id{next_sequence_++};
  auto made = std::make_unique<Sequence>(id, parent, parts_.tokenizer, memory_);
  Sequence& beam = *made;
  sequences_.emplace(id, &beam);
  ++beam.request->sequences;
  beam.computed_before = std::max(parent.computed, parent.computed_before);
  if (!parent.running || running() >= parts_.limits.step.max_sequences) {
    waiting_.insert(waiting_.begin(), std::move(made));  // among the first to be looked up
    return beam;
  }
  memory_.fork(parent.table, beam.table);
  beam.computed = parent.computed;
  beam.running = true;
  ++counters_.forks;
  running_.push_back(std::move(made));
  return beam;
}

/// The search is over: each of its best hypotheses is a choice.
void Engine::finish_search(ActiveRequest& request) {
  const std::vector<Hypothesis> best = request.beams->search.best();
  if (std::ssize(best) < request.request.choices)
    return end_search(
        request, FinishReason::kError,
        fmt::format("the model's output has only {} continuations that can be searched", best.size()));
  for (const Hypothesis& hypothesis : best) {
    request.usage.completion_tokens += static_cast<int>(hypothesis.tokens.size());
    counters_.generation_tokens += hypothesis.tokens.size();
  }
  for (int choice = 0; choice < request.request.choices; ++choice) {
    Event event = event_of(best[static_cast<std::size_t>(choice)], request.request, parts_.tokenizer);
    event.choice = choice;
    if (choice == 0) event.prompt_logprobs = std::exchange(request.beams->prompt_logprobs, {});
    post(request, std::move(event));
  }
  for (Sequence* beam : request.beams->live) drop(*beam);
}

/// Ends a search without hypotheses.
void Engine::end_search(ActiveRequest& request, FinishReason reason, const std::string& error) {
  for (int choice = 0; choice < request.request.choices; ++choice) {
    Event event;
    event.choice = choice;
    event.finish = reason;
    event.error = error;
    post(request, std::move(event));
  }
  for (Sequence* beam : request.beams->live) drop(*beam);
}

/// It leaves at the end of the step, without an event.
void Engine::drop(Sequence& sequence) {
  sequence.finished = true;
  finished_.push_back(sequence.id);
}

}  // namespace loci
