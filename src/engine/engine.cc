#include "engine/engine.h"

#include <algorithm>

#include "base/check.h"

namespace loci {

Engine::Engine(Parts parts) : parts_(std::move(parts)), pool_(parts_.limits.kv_blocks) {}

void Engine::accept(RequestId id, Request request, EventSink sink, Time now) {
  const int choices = request.choices;
  auto active = std::make_unique<ActiveRequest>(
      ActiveRequest{id, std::move(request), std::move(sink), now, choices, choices, {}});
  active->usage.prompt_tokens = static_cast<int>(active->request.prompt.size());
  counters_.prompt_tokens += active->request.prompt.size();
  for (int choice = 0; choice < choices; ++choice) {
    const SequenceId sequence_id{next_sequence_++};
    waiting_.push_back(std::make_unique<Sequence>(sequence_id, *active, choice, parts_.tokenizer, pool_,
                                                  parts_.limits.block_tokens));
    waiting_.back()->whole = !parts_.limits.causal;
    sequences_.emplace(sequence_id, waiting_.back().get());
  }
  const bool is_new = requests_.emplace(id, std::move(active)).second;
  LOCI_CHECK(is_new);
}

void Engine::cancel(RequestId id) {
  if (!requests_.contains(id)) return;
  for (SequenceList* list : {&running_, &waiting_})
    for (const auto& sequence : *list)
      if (sequence->request->id == id) finish_without_token(*sequence, FinishReason::kAbort, "");
  retire_finished();
}

void Engine::cancel_all() {
  for (SequenceList* list : {&running_, &waiting_})
    for (const auto& sequence : *list) finish_without_token(*sequence, FinishReason::kAbort, "");
  retire_finished();
}

void Engine::step(Time now) {
  if (idle()) return;
  make_plan(now);
  apply_preempts();
  start_slices();
  collect(parts_.executor.run(build_batch()));
  retire_finished();
  ++counters_.steps;
}

void Engine::make_plan(Time now) {
  running_views_.clear();
  waiting_views_.clear();
  for (const auto& sequence : running_) running_views_.push_back(sequence->view());
  for (const auto& sequence : waiting_) waiting_views_.push_back(sequence->view());
  plan_step({running_views_, waiting_views_, pool_.free(), parts_.limits.block_tokens, parts_.limits.step},
            parts_.policies, now, plan_);
  LOCI_CHECK(!plan_.slices.empty());
}

void Engine::apply_preempts() {
  for (const SequenceId id : plan_.preempts) {
    Sequence* sequence = sequences_.at(id);
    sequence->table.clear();
    sequence->computed = 0;
    if (sequence->pooler) sequence->pooler->restart();
    const auto where = std::ranges::find(running_, sequence, &std::unique_ptr<Sequence>::get);
    LOCI_CHECK(where != running_.end());
    waiting_.push_back(std::move(*where));
    running_.erase(where);
    ++counters_.preemptions;
  }
}

/// Moves the waiting sequences that got a slice to the running ones and leases the blocks that the slices
/// need.
void Engine::start_slices() {
  bool any_started = false;
  for (const Slice& slice : plan_.slices) {
    Sequence* sequence = sequences_.at(slice.sequence);
    LOCI_CHECK(slice.begin == sequence->computed && slice.count > 0 &&
               slice.begin + slice.count <= sequence->known());
    if (sequence->table.block_count() == 0) {
      const auto where = std::ranges::find(waiting_, sequence, &std::unique_ptr<Sequence>::get);
      LOCI_CHECK(where != waiting_.end());
      running_.push_back(std::move(*where));
      waiting_.erase(where);
      any_started = true;
    }
    const bool leased = sequence->table.grow_to(slice.begin + slice.count);
    LOCI_CHECK(leased);
  }
  if (any_started)
    std::ranges::sort(running_,
                      [](const auto& a, const auto& b) { return arrived_before(a->view(), b->view()); });
}

Batch Engine::build_batch() {
  batch_tokens_.clear();
  batch_positions_.clear();
  batch_sequences_.clear();
  batch_logits_rows_.clear();
  batch_state_rows_.clear();
  batch_tables_.clear();
  for (const Slice& slice : plan_.slices) {
    const Sequence& sequence = *sequences_.at(slice.sequence);
    const int first_logits = sequence.first_logits();
    for (int position = slice.begin; position < slice.begin + slice.count; ++position) {
      const int row = static_cast<int>(batch_tokens_.size());
      if (position >= first_logits) batch_logits_rows_.push_back(row);
      if (sequence.pooler && sequence.pooler->wants(position)) batch_state_rows_.push_back(row);
      batch_tokens_.push_back(sequence.tokens[static_cast<std::size_t>(position)]);
      batch_positions_.push_back(position);
      batch_sequences_.push_back(static_cast<int>(batch_tables_.size()));
    }
    batch_tables_.push_back(sequence.table.data());
  }
  return {batch_tokens_, batch_positions_,   batch_sequences_,
          batch_tables_, batch_logits_rows_, batch_state_rows_};
}

void Engine::collect(const StepResult& result) {
  ResultRows rows;
  for (const Slice& slice : plan_.slices) {
    Sequence& sequence = *sequences_.at(slice.sequence);
    sequence.computed = slice.begin + slice.count;
    if (sequence.pooler) {
      take_states(sequence, slice, result, rows);
    } else {
      take_logits(sequence, slice, result, rows);
    }
  }
}

void Engine::take_logits(Sequence& sequence, const Slice& slice, const StepResult& result, ResultRows& rows) {
  const int last_known = sequence.known() - 1;
  const int end = slice.begin + slice.count;
  for (int position = std::max(slice.begin, sequence.first_logits()); position < end; ++position) {
    const auto logits = result.row(rows.logits++);
    if (sequence.lacks_prompt_logprobs()) take_prompt_logprobs(sequence, logits);
    if (position == last_known) take_token(sequence, logits);
  }
}

void Engine::take_states(Sequence& sequence, const Slice& slice, const StepResult& result, ResultRows& rows) {
  for (int position = slice.begin; position < slice.begin + slice.count; ++position)
    if (sequence.pooler->wants(position)) sequence.pooler->add(result.state(rows.states++));
  if (sequence.computed == sequence.known()) take_embedding(sequence);
}

/// Removes what finished in this step: the sequences with their blocks, and the requests that have none left.
void Engine::retire_finished() {
  if (finished_.empty()) return;
  const auto is_finished = [](const auto& sequence) { return sequence->finished; };
  for (const SequenceId id : finished_) {
    ActiveRequest* request = sequences_.at(id)->request;
    sequences_.erase(id);
    if (--request->sequences > 0) continue;
    const auto where = requests_.find(request->id);
    ended_.push_back(std::move(where->second));
    requests_.erase(where);
  }
  std::erase_if(running_, is_finished);
  std::erase_if(waiting_, is_finished);
  finished_.clear();
  if (idle()) check_conservation();
}

void Engine::deliver(Time now) {
  for (Outgoing& outgoing : outbox_) {
    outgoing.event.at = now;
    outgoing.to->sink(std::move(outgoing.event));
  }
  outbox_.clear();
  ended_.clear();
}

/// An idle engine holds nothing (third law).
void Engine::check_conservation() const {
  LOCI_CHECK(running_.empty() && waiting_.empty() && sequences_.empty());
  LOCI_CHECK(pool_.used() == 0);
  pool_.check_invariants();
}

}  // namespace loci
