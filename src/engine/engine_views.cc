// What the engine shows to policies, and what it learns from its steps.
#include <algorithm>
#include <utility>

#include "engine/engine.h"

namespace loci {
namespace {

/// Waiting for others to compute fewer tokens than this is not worth a step's delay.
constexpr int kWorthWaiting = 32;
/// Waiting sequences whose prefix is looked up anew in one step, at most.
constexpr int kLookUpsPerStep = 64;
/// Weight of the newest in moving averages.
constexpr double kNewest = 0.05;

/// Brings an exponentially weighted mean up to date; 0: nothing was seen yet.
void average(double& mean, double newest) {
  mean = mean == 0 ? newest : mean + kNewest * (newest - mean);
}

/// What a request does at a step is what the furthest of its choices does.
int rank(Phase phase) {
  switch (phase) {
    case Phase::kDecode:
      return 4;
    case Phase::kPrefill:
      return 3;
    case Phase::kStalled:
      return 2;
    case Phase::kPreempted:
      return 1;
    case Phase::kQueued:
      break;
  }
  return 0;
}

}  // namespace

std::string_view name(Phase phase) {
  switch (phase) {
    case Phase::kQueued:
      return "queued";
    case Phase::kPrefill:
      return "prefill";
    case Phase::kDecode:
      return "decode";
    case Phase::kStalled:
      return "stalled";
    case Phase::kPreempted:
      break;
  }
  return "preempted";
}

/// Names the first tokens that a waiting sequence has to compute, as many as are worth waiting for.
std::uint64_t Engine::prefix_to_come(const Sequence& sequence) const {
  const int block_tokens = parts_.limits.block_tokens;
  const int block = sequence.match.blocks() + blocks_for(kWorthWaiting, block_tokens) - 1;
  const int cacheable = sequence.most_cached_tokens() / block_tokens;
  return block < std::min(sequence.chain.size(), cacheable) ? sequence.chain[block].low : 0;
}

SequenceView Engine::view_of(const Sequence& sequence) const {
  const Request& request = sequence.request->request;
  SequenceView view{.id = sequence.id,
                    .arrival = sequence.request->arrival,
                    .known_tokens = sequence.known(),
                    .computed_tokens = sequence.computed,
                    .blocks = sequence.table.block_count(),
                    .first_logits = sequence.first_logits(),
                    .whole = sequence.whole,
                    .prompt_tokens = sequence.prompt_tokens(),
                    .tokens_to_come = std::max(0, request.max_tokens - sequence.generated()),
                    .priority = request.priority,
                    .service = request.service,
                    .tenant = sequence.request->tenant,
                    .deadline = sequence.request->deadline()};
  if (sequence.running) {
    view.tail_shared = sequence.shared_blocks > 0 && memory_.is_shared(sequence.table, sequence.computed);
    view.shared_blocks = sequence.shared_blocks;
  } else {
    view.cached_tokens = sequence.match.blocks() * parts_.limits.block_tokens;
    view.cached_blocks_in_use = sequence.match.blocks_in_use;
    view.waits_for_prefix = sequence.leader != nullptr ||
                            sequence.match.pending_blocks * parts_.limits.block_tokens >= kWorthWaiting;
    view.prefix_to_come = prefix_to_come(sequence);
  }
  return view;
}

void Engine::look_up(Sequence& sequence) {
  const int most = sequence.most_cached_tokens() / parts_.limits.block_tokens;
  sequence.match = memory_.match(sequence.chain, most, sequence.pace());
  sequence.match_growth = memory_.growth();
  sequence.match_losses = memory_.losses();
}

/// Anew only where some sharing has changed.
void Engine::count_shared(Sequence& sequence) const {
  if (std::exchange(sequence.sharing, memory_.sharing()) != memory_.sharing())
    sequence.shared_blocks = memory_.shared_blocks(sequence.table);
}

void Engine::build_views() {
  tenants_.clear_blocks();
  running_views_.clear();
  waiting_views_.clear();
  for (const auto& sequence : running_) {
    count_shared(*sequence);
    running_views_.push_back(view_of(*sequence));
    tenants_.add_blocks(sequence->request->tenant, sequence->table.block_count());
  }
  int look_ups = kLookUpsPerStep;
  for (const auto& sequence : waiting_) {
    if (sequence->waits_for_beams()) continue;  // there is nothing to compute of it
    const bool lost = sequence->match_losses != memory_.losses();
    const bool stale = lost || sequence->match_growth != memory_.growth();
    if (stale && look_ups-- > 0) {
      look_up(*sequence);
    } else if (lost) {
      sequence->match = {};  // what it had found may be gone
    }
    waiting_views_.push_back(view_of(*sequence));
  }
}

EngineLoad Engine::load() const {
  EngineLoad load{.running = running(), .waiting = waiting()};
  const auto add = [&](const Sequence& sequence, int cached) {
    const int to_come = std::max(0, sequence.request->request.max_tokens - sequence.generated());
    const double expected = mean_output_ > 0 ? std::max(1.0, mean_output_ - sequence.generated()) : to_come;
    load.prefill_tokens += std::max(0, sequence.known() - 1 - std::max(sequence.computed, cached));
    load.output_tokens += std::min<double>(to_come, expected);
    load.kv_tokens += sequence.computed;
  };
  for (const auto& sequence : running_) add(*sequence, 0);
  for (const auto& sequence : waiting_) add(*sequence, sequence->match.blocks() * parts_.limits.block_tokens);
  if (!waiting_.empty()) load.head_blocks = blocks_for(waiting_.front()->known(), parts_.limits.block_tokens);
  return load;
}

void Engine::list_sequences(std::vector<SequenceOfRequest>& out) const {
  out.clear();
  for (const SequenceList* list : {&running_, &waiting_})
    for (const auto& sequence : *list) out.push_back({sequence->request->id, view_of(*sequence)});
}

void Engine::account_phases(Time now) {
  for (const auto& [owner, slice] : slices_) {
    const Sequence& sequence = *owner;
    const Phase phase = slice.begin < sequence.prompt_tokens() ? Phase::kPrefill : Phase::kDecode;
    ActiveRequest& request = *sequence.request;
    if (std::exchange(request.phase_step, counters_.steps) != counters_.steps)
      request.step_phase = Phase::kStalled;
    if (rank(phase) > rank(request.step_phase)) request.step_phase = phase;
    const int prompt = std::clamp(sequence.prompt_tokens() - slice.begin, 0, slice.count);
    tenants_.serve(request.tenant, prompt, slice.count - prompt);
  }
  std::size_t going_on = 0;
  for (const auto& sequence : running_) {
    ActiveRequest& request = *sequence->request;
    request.clock.enter(request.phase_step == counters_.steps ? request.step_phase : Phase::kStalled, now);
    going_on += !sequence->waits_for_beams();
  }
  counters_.stalled_steps += slices_.size() < going_on;
  step_began_ = now;
}

/// The step that began at step_began_ is over: the cost model learns what it took.
void Engine::observe_step(Time now) {
  if (work_.tokens > 0 && now > step_began_) {
    cost_.observe(work_, seconds(now - step_began_));
  }
  work_ = {};
}

/// A request is over. One that was cut short says nothing of how long others take.
void Engine::observe_end(const ActiveRequest& request) {
  if (request.cut_short) return;
  if (request.request.max_tokens > 0)
    average(mean_output_, double{1} * request.usage.completion_tokens / request.request.choices);
  const double cached = double{1} * request.usage.cached_tokens / std::max(1, request.usage.prompt_tokens);
  mean_cached_ += kNewest * (cached - mean_cached_);  // begins at 0, which is the cautious guess
}

RequestRecord record_of(const ActiveRequest& request, bool finished, Time now) {
  PhaseClock clock = request.clock;
  clock.settle(now);
  RequestRecord record{.id = request.id,
                       .name = request.request.name,
                       .tenant = request.request.tenant,
                       .priority = request.request.priority,
                       .finished = finished,
                       .finish = request.finish,
                       .age = now - request.arrival,
                       .preemptions = request.preemptions,
                       .recomputed_tokens = request.recomputed_tokens,
                       .usage = request.usage};
  if (request.first_token) record.first_token = *request.first_token - request.arrival;
  for (int phase = 0; phase < kPhases; ++phase)
    record.spent[static_cast<std::size_t>(phase)] = clock.spent(static_cast<Phase>(phase));
  return record;
}

std::vector<RequestRecord> Engine::records(std::string_view name, Time now) const {
  std::vector<RequestRecord> found;
  records_.find(name, found);
  for (const auto& [id, request] : requests_)
    if (request->request.name == name) found.push_back(record_of(*request, false, now));
  std::ranges::sort(found, {}, [](const RequestRecord& record) { return raw(record.id); });
  return found;
}

}  // namespace loci
