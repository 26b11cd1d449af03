#include "engine/engine.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/check.h"

namespace loci {

Engine::Engine(Parts parts)
    : parts_(std::move(parts)),
      memory_({.blocks = parts_.limits.kv_blocks,
               .block_tokens = parts_.limits.block_tokens,
               .host_blocks = parts_.limits.host_blocks,
               .evict = parts_.evict,
               .kept_events = parts_.limits.kept_kv_events}),
      tenants_(parts_.tenants) {}

Engine::~Engine() {
  for (SequenceList* list : {&running_, &waiting_})
    for (const auto& sequence : *list) memory_.release(sequence->table, {});
}

void Engine::accept(RequestId id, Request request, EventSink sink, Time now) {
  const int choices = request.choices, tenant = tenants_.find(request.tenant);
  const int sequences = request.beams ? 1 : choices;  // a search begins with one beam
  auto active = std::make_unique<ActiveRequest>(
      ActiveRequest{id, std::move(request), std::move(sink), now, tenant, choices, sequences});
  active->usage.prompt_tokens = static_cast<int>(active->request.prompt.size());
  counters_.prompt_tokens += active->request.prompt.size();
  tenants_.begin_request(tenant);
  // What may not be shared has a namespace of its own: it is found by itself alone, after a preemption.
  const bool shares = parts_.limits.share_prefixes && active->request.cache_prompt;
  const CacheNamespace owner = shares ? active->request.cache_namespace : CacheNamespace{~raw(id)};
  Sequence* leader = nullptr;
  for (int choice = 0; choice < sequences; ++choice) {
    const SequenceId sequence_id{next_sequence_++};
    waiting_.push_back(
        std::make_unique<Sequence>(sequence_id, *active, choice, parts_.tokenizer, memory_, owner));
    Sequence& sequence = *waiting_.back();
    sequence.whole = !parts_.limits.causal;
    sequence.leader = leader;
    if (choice == 0) leader = &sequence;
    sequences_.emplace(sequence_id, &sequence);
  }
  active->beams = make_beams(active->request);
  if (active->beams) active->beams->live.push_back(waiting_.back().get());
  const bool is_new = requests_.emplace(id, std::move(active)).second;
  LOCI_CHECK(is_new);
}

void Engine::cancel(RequestId id, Time now) {
  if (!requests_.contains(id)) return;
  for (SequenceList* list : {&running_, &waiting_})
    for (const auto& sequence : *list)
      if (sequence->request->id == id && !sequence->finished)
        finish_without_token(*sequence, FinishReason::kAbort, "");
  retire_finished(now);
}

void Engine::cancel_all(Time now) {
  for (SequenceList* list : {&running_, &waiting_})
    for (const auto& sequence : *list)
      if (!sequence->finished) finish_without_token(*sequence, FinishReason::kAbort, "");
  retire_finished(now);
}

void Engine::step(Time now) {
  if (idle()) return;
  make_plan(now);
  resting_until_.reset();
  if (plan_.slices.empty() && plan_.preempts.empty()) {
    LOCI_CHECK(plan_.resume != Time::max());
    resting_until_ = plan_.resume;
    return;
  }
  apply_preempts(now);
  start_waiting(now);
  lease_slices(now);
  account_phases(now);
  make_copies(now);
  sort_slices_by_blocks();
  const Batch batch = build_batch();
  LOCI_CHECK(batch.rows() > 0 || ++steps_without_progress_ < 1000);
  if (batch.rows() > 0) {
    steps_without_progress_ = 0;
    if (parts_.before_run) parts_.before_run(cost_.predict(work_));
    try {
      collect(parts_.executor.run(batch), now);
    } catch (const std::exception& error) {
      fail_step(error.what());
    }
  }
  advance_searches(now);
  retire_finished(now);
  ++counters_.steps;
}

void Engine::make_plan(Time now) {
  build_views();
  parts_.goals.expected_output = mean_output_;
  planner_.plan(
      {running_views_, waiting_views_, tenants_.views(), memory_.available(), parts_.limits.block_tokens,
       parts_.limits.step, cost_, parts_.goals,
       memory_.has_host_tier() ? parts_.limits.swap_seconds_per_block : 0, parts_.limits.host_blocks},
      parts_.policies, now, plan_);
  const auto mix = [this](std::uint64_t value) {
    counters_.plan_hash = (counters_.plan_hash ^ value) * 0x9E3779B97F4A7C15ull;
    counters_.plan_hash ^= counters_.plan_hash >> 29;
  };
  for (const Preempt& preempt : plan_.preempts) mix(raw(preempt.sequence) * 2 + preempt.swap);
  slices_.clear();
  for (const Slice& slice : plan_.slices) {
    slices_.push_back({sequences_.at(slice.sequence), slice});
    mix(raw(slice.sequence));
    mix(static_cast<std::uint64_t>(slice.begin) << 32 | static_cast<std::uint32_t>(slice.count));
  }
}

void Engine::apply_preempts(Time now) {
  for (const Preempt& preempt : plan_.preempts) {
    Sequence& sequence = *sequences_.at(preempt.sequence);
    if (preempt.swap) memory_.copy_to_host(sequence.table, now);
    sequence.computed_before = std::max(sequence.computed_before, sequence.computed);
    release(sequence, now);
    if (sequence.pooler) sequence.pooler->restart();
    const auto where = std::ranges::find(running_, &sequence, &std::unique_ptr<Sequence>::get);
    LOCI_CHECK(where != running_.end());
    waiting_.insert(waiting_.begin(), std::move(*where));  // among the first to be looked up again
    running_.erase(where);
    sequence.running = false;
    sequence.request->clock.enter(Phase::kPreempted, now);
    ++sequence.request->preemptions;
    ++counters_.preemptions;
    counters_.swaps += preempt.swap;
  }
}

/// Moves the waiting sequences that got a slice to the running ones, with the blocks that memory has of them.
void Engine::start_waiting(Time now) {
  starting_.clear();
  for (const auto& [sequence, slice] : slices_) {
    if (sequence->running) continue;
    sequence->running = true;
    const auto where = std::ranges::find(waiting_, sequence, &std::unique_ptr<Sequence>::get);
    LOCI_CHECK(where != waiting_.end());
    running_.push_back(std::move(*where));
    waiting_.erase(where);
    starting_.emplace_back(sequence, slice.begin);
    // Held for all who start before anybody's need for blocks can push them out.
    memory_.hold_prefix(sequence->table, sequence->chain, slice.begin / parts_.limits.block_tokens, now);
  }
  for (const auto& [sequence, cached_tokens] : starting_) begin_prefix(*sequence, cached_tokens, now);
  if (!starting_.empty()) sort_running();
}

void Engine::sort_running() {
  std::ranges::sort(running_, {}, [](const auto& s) { return ArrivalOrder{s->request->arrival, s->id}; });
}

/// Leases the blocks that the slices need. A slice that memory cannot serve after all leaves the plan; its
/// sequence keeps what it has and goes on in a later step.
void Engine::lease_slices(Time now) {
  const auto is_refused = [&](const SequenceSlice& planned) {
    Sequence& sequence = *planned.sequence;
    const Slice& slice = planned.slice;
    LOCI_CHECK(slice.count > 0 && slice.begin + slice.count <= sequence.known());
    if (slice.begin != sequence.computed) return true;  // less of its prefix was there than it seemed
    const bool leased = memory_.make_writable(sequence.table, slice.begin, now) &&
                        memory_.grow(sequence.table, slice.begin + slice.count, now);
    // Without preemptions the plan's arithmetic is exact: theirs counts blocks that others may share.
    counters_.short_plans += !leased && plan_.preempts.empty();
    return !leased;
  };
  std::erase_if(slices_, is_refused);
}

void Engine::make_copies(Time now) {
  const auto copies = memory_.take_copies();
  if (copies.empty()) return;
  damaged_.clear();
  parts_.executor.copy(copies, damaged_);
  for (const int i : damaged_)
    drop_damaged(static_cast<BlockId>(copies[static_cast<std::size_t>(i)].to), now);
  if (!damaged_.empty())
    std::erase_if(slices_, [](const SequenceSlice& planned) {
      return planned.slice.begin != planned.sequence->computed;
    });
}

/// The running sequences that share blocks, in the order of their tables. Found anew only where some sharing
/// has changed: until then tables grow at their ends alone.
void Engine::rank_by_blocks() {
  if (std::exchange(ranked_, memory_.sharing()) == memory_.sharing()) return;
  sharing_.clear();
  for (const auto& sequence : running_) {
    count_shared(*sequence);
    sequence->rank = kNoRank;
    if (sequence->shared_blocks > 0) sharing_.push_back(sequence.get());
  }
  std::ranges::sort(sharing_, std::ranges::lexicographical_compare,
                    [](const Sequence* sequence) { return sequence->table.blocks(); });
  for (std::size_t i = 0; i < sharing_.size(); ++i) sharing_[i]->rank = i;
}

/// Puts sequences that begin with the same blocks side by side, so that attention reads those blocks once for
/// all of them; those that share none come last. What stands beside a sequence in the batch changes nothing
/// of its result (first law).
void Engine::sort_slices_by_blocks() {
  rank_by_blocks();
  if (sharing_.empty()) return;
  ordered_slices_.assign(sharing_.size(), {});
  for (const SequenceSlice& planned : slices_)
    if (const std::size_t rank = planned.sequence->rank; rank != kNoRank) {
      LOCI_CHECK(ordered_slices_[rank].sequence == nullptr);
      ordered_slices_[rank] = planned;
    } else {
      ordered_slices_.push_back(planned);
    }
  std::erase_if(ordered_slices_, [](const SequenceSlice& planned) { return planned.sequence == nullptr; });
  slices_.swap(ordered_slices_);
}

Batch Engine::build_batch() {
  batch_tokens_.clear();
  batch_positions_.clear();
  batch_sequences_.clear();
  batch_logits_rows_.clear();
  batch_state_rows_.clear();
  batch_tables_.clear();
  work_ = {};
  for (const auto& [owner, slice] : slices_) {
    const Sequence& sequence = *owner;
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
    work_.add_slice(slice.begin, slice.count);
  }
  return {batch_tokens_, batch_positions_,   batch_sequences_,
          batch_tables_, batch_logits_rows_, batch_state_rows_};
}

void Engine::collect(const StepResult& result, Time now) {
  ResultRows rows;
  for (const auto& [owner, slice] : slices_) {
    Sequence& sequence = *owner;
    sequence.computed = slice.begin + slice.count;
    const int again = std::min(sequence.computed, sequence.computed_before) - slice.begin;
    counters_.computed_tokens += static_cast<std::uint64_t>(slice.count);
    counters_.recomputed_tokens += static_cast<std::uint64_t>(std::max(0, again));
    sequence.request->recomputed_tokens += std::max(0, again);
    seal(sequence, now);
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
    if (position != last_known) continue;
    if (sequence.request->beams) {
      expand_beam(sequence, logits);
      continue;
    }
    if (sequence.generated() == 0 && sequence.request->sequences > 1) fork_siblings(sequence, logits);
    take_token(sequence, logits);
  }
}

void Engine::take_states(Sequence& sequence, const Slice& slice, const StepResult& result, ResultRows& rows) {
  for (int position = slice.begin; position < slice.begin + slice.count; ++position)
    if (sequence.pooler->wants(position)) sequence.pooler->add(result.state(rows.states++));
  if (sequence.computed == sequence.known()) take_embedding(sequence);
}

/// The executor could not compute the step: those who took part in it end with an error, the others go on.
void Engine::fail_step(const std::string& why) {
  ++counters_.failed_steps;
  work_ = {};  // how long it took teaches nothing
  for (const auto& [owner, slice] : slices_) {
    Sequence& sequence = *owner;
    sequence.computed = std::min(sequence.computed, slice.begin);  // what the step wrote may be anything
    if (!sequence.finished)
      finish_without_token(sequence, FinishReason::kError, "the engine failed to compute a step: " + why);
  }
}

/// Removes what finished in this step: the sequences with their blocks, and the requests that have none left.
void Engine::retire_finished(Time now) {
  if (finished_.empty()) return;
  const auto is_finished = [](const auto& sequence) { return sequence->finished; };
  for (const auto& sequence : waiting_)
    if (sequence->leader != nullptr && sequence->leader->finished) sequence->leader = nullptr;
  for (const SequenceId id : finished_) {
    Sequence& sequence = *sequences_.at(id);
    release(sequence, now);
    if (!parts_.limits.share_prefixes || !sequence.request->request.cache_prompt)
      memory_.forget(sequence.chain, 0, now);
    ActiveRequest* request = sequence.request;
    sequences_.erase(id);
    if (--request->sequences > 0) continue;
    tenants_.end_request(request->tenant);
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
  observe_step(now);
  for (Outgoing& outgoing : outbox_) {
    outgoing.event.at = now;
    ActiveRequest& request = *outgoing.to;
    if (!outgoing.event.tokens.empty() && !request.first_token) request.first_token = now;
    const auto finish = outgoing.event.finish;
    if (finish && outgoing.event.choice == 0) request.finish = finish;
    request.cut_short |= finish == FinishReason::kAbort || finish == FinishReason::kError;
    outgoing.to->sink(std::move(outgoing.event));
  }
  outbox_.clear();
  for (const auto& request : ended_) {
    observe_end(*request);
    records_.add(record_of(*request, true, now));
  }
  ended_.clear();
}

void Engine::check_conservation() const {
  std::vector<const BlockTable*> tables;
  for (const SequenceList* list : {&running_, &waiting_})
    for (const auto& sequence : *list) tables.push_back(&sequence->table);
  for (const auto& sequence : waiting_) LOCI_CHECK(sequence->table.block_count() == 0);
  memory_.check_invariants(tables);
  LOCI_CHECK(sequences_.size() == running_.size() + waiting_.size());
  if (!idle()) return;
  LOCI_CHECK(sequences_.empty() && memory_.pool().used() == 0);
}

}  // namespace loci
