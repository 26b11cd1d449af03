// What scheduling policies see: a read-only picture of the engine. Policies are pure functions of it and of
// `now`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "base/ids.h"
#include "base/time.h"
#include "sched/cost_model.h"

namespace loci {

/// Somebody waits for an online request; an offline one (a batch file) may take what online work leaves over
/// (HyGen, Sun et al. 2025).
enum class Service { kOnline, kOffline };

struct SequenceView {
  SequenceId id;
  Time arrival;
  int known_tokens;     // prompt and generated tokens
  int computed_tokens;  // of them, those whose KV it holds; fewer than known, or all of them: then it waits
                        // for other beams of its search, and only its KV is of interest. Waiting: 0
  int blocks;           // held; of a waiting sequence 0
  int first_logits;    // the first position whose distribution is wanted: the last known one, or earlier ones
                       // for log probabilities of the prompt; known_tokens: none
  bool whole = false;  // all its tokens in one step: every one of them attends to all (encoders)

  // What memory says of it.
  bool tail_shared = false;      // others hold the block into which its next token goes: writing takes a copy
  int cached_tokens = 0;         // waiting: leading known tokens whose KV is in memory; fewer than known
  int cached_blocks_in_use = 0;  // waiting: of their blocks, those that running sequences hold anyway
  bool waits_for_prefix = false;     // waiting: a running sequence is computing what it needs next
  std::uint64_t prefix_to_come = 0;  // waiting: the same for two that would begin with the same computation;
                                     // 0: it shares too little to wait for
  int shared_blocks = 0;  // of `blocks`, those that others hold too: preempting it does not free them

  // What it is owed.
  int prompt_tokens = 0;
  int tokens_to_come = 0;  // at most: of max_tokens, what is not yet generated
  int priority = 0;        // lower goes first (as vLLM's)
  Service service = Service::kOnline;
  int tenant = 0;               // index into SchedulerView::tenants
  Time deadline = Time::max();  // of its first token; max(): none, or it has had it

  int missing() const { return known_tokens - computed_tokens; }
  /// Where its next slice begins: a waiting sequence, behind its cached tokens.
  int next_token() const { return std::max(computed_tokens, cached_tokens); }
  /// Tokens to compute before it can go on: those whose KV is not in memory.
  int to_compute() const { return known_tokens - next_token(); }
  /// Blocks that become free when it gives its KV back.
  int own_blocks() const { return blocks - shared_blocks; }
  int generated() const { return known_tokens - prompt_tokens; }
};

struct TenantView {
  double weight = 1;   // its share beside the others'
  double served = 0;   // virtual token counter: weighted service so far, divided by its weight
  int blocks = 0;      // held by its running sequences
  int max_blocks = 0;  // 0: no quota
};

struct StepLimits {
  int max_sequences;    // that may hold KV
  int max_tokens;       // rows of one step
  int max_logits_rows;  // distributions of one step
};

/// What becomes of the KV of a preempted sequence.
enum class PreemptionMode { kAuto, kRecompute, kSwap };  // kAuto: what is predicted to take less time

/// What the operator wants of the policies.
struct SchedulingGoals {
  Duration inter_token = std::chrono::milliseconds(50);  // that a step with decodes should not exceed
  int lpm_group = 8;           // k of k-LPM: after the oldest, so many less one go by their match
  double ageing = 200;         // shortest remaining prefill: tokens that a second of waiting counts for
  double patience = 10;        // fair: times its own time that a prompt waits for shorter ones, at most
  double expected_output = 0;  // tokens a sequence generates, from those that ended; 0: not known yet
  int step_tokens = 0;         // SplitFuse: rows of every step; 0: from the cost model
  Duration batch_delay{0};     // that a whole sequence may be held back for company; 0: it is not
  PreemptionMode preemption = PreemptionMode::kAuto;
};

struct SchedulerView {
  std::span<const SequenceView> running;  // hold KV; ordered by arrival, then id
  std::span<const SequenceView> waiting;  // hold none
  std::span<const TenantView> tenants;    // at least one
  int free_blocks;                        // those that cache what nobody uses now are free
  int block_tokens;
  StepLimits limits;
  const CostModel& cost;
  SchedulingGoals goals{};
  double swap_seconds_per_block = 0;  // to copy a block to the host tier or back; 0: there is none
  int free_swap_blocks = std::numeric_limits<int>::max();  // of the host tier
};

/// Earlier arrival first; ties by id.
using ArrivalOrder = std::pair<Time, SequenceId>;
inline bool arrived_before(const SequenceView& a, const SequenceView& b) {
  return ArrivalOrder{a.arrival, a.id} < ArrivalOrder{b.arrival, b.id};
}

/// Who may take whose memory: online before offline, then by priority, then by arrival. Does not change while
/// a sequence lives, so that two sequences never throw out each other.
inline bool outranks(const SequenceView& a, const SequenceView& b) {
  if (a.service != b.service) return a.service == Service::kOnline;
  if (a.priority != b.priority) return a.priority < b.priority;
  return arrived_before(a, b);
}

}  // namespace loci
