// Plans a step. There is no prefill phase and no decode phase: a sequence has known tokens and computed
// tokens, and the plan closes the gap under a budget of rows and of predicted time (Sarathi-Serve, Agrawal et
// al. 2024: chunked prefill beside decodes).
//
// Online work first, then offline work in what is left of goals.inter_token (HyGen, Sun et al. 2025). Of
// each:
//   1. single tokens of those that run: somebody reads along, and they cost little;
//   2. in the order of the policy, all that still prefill, running or waiting: chunks of the budget.
// A waiting one starts where a slot is free and `admit` finds room. Those that wait for a prefix, or whose
// tenant is over its quota, are overtaken; nobody else is.
//
// Pure: the same view, policies and time give the same plan. Cost O(n log n) in the sequences; no allocation
// once its buffers have grown. Owned by the engine thread.
//
// Invariants of a plan, for any view whose sequences each fit the pool and the limits alone:
//   - rows <= max_tokens, distributions <= max_logits_rows, sequences with KV <= max_sequences
//   - new blocks <= free blocks + blocks of the preempted
//   - a sequence has at most one slice, and not one that is preempted
//   - something is computed whenever anything is running or waiting, unless plan.resume says until when whole
//     sequences wait for company (no deadlock)
//   - a sequence is preempted only for one that outranks it and that gets a slice in the same step (no
//     livelock); by a waiting one only if that is online and it is offline
#pragma once

#include <vector>

#include "sched/policies.h"
#include "sched/step_plan.h"
#include "sched/view.h"

namespace loci {

class Planner {
 public:
  /// Writes the plan for `view` into `plan` (cleared first).
  void plan(const SchedulerView& view, const SchedulingPolicies& policies, Time now, StepPlan& plan);

 private:
  enum class State : char { kUnplanned, kPlanned, kPreempted };

  // The flow (scheduler.cc).
  void begin();
  void plan_service(Service service);
  void plan_single_tokens(Service service);
  void plan_prefills(Service service);
  void set_chunk_budget(Service service);
  void gather_candidates(Service service);
  void note_decoding_tenants();
  bool is_owed(const SequenceView& sequence) const;
  bool waits_for_company(Service service);
  void continue_running(const SequenceView& sequence, int count);
  void start_waiting(const SequenceView& sequence);
  int chunk(const SequenceView& sequence) const;
  int rows_in_budget(const SequenceView& sequence, int most) const;
  void add_slice(const SequenceView& sequence, int count);
  void force_progress();

  // Memory (scheduler_memory.cc).
  Resident with_held(const SequenceView& sequence) const;
  int blocks_to_take(const Resident& resident, int count) const;
  bool make_room(const SequenceView& sequence, int count);
  int shortage(const SequenceView& next, int count) const;
  bool find_room(const SequenceView& next, int count);
  bool fits_without_victims(const SequenceView& next, int count);
  template <class Eligible>
  void gather_victims(Eligible eligible);
  void preempt_one(int needed);
  void preempt(const SequenceView& victim);
  bool over_quota(const SequenceView& next) const;
  bool waits_for_begun(const SequenceView& next) const;
  void charge_tenant(const Resident& resident);

  State& state_of(const SequenceView& running) {
    return states_[static_cast<std::size_t>(&running - view_->running.data())];
  }

  // Of the current plan.
  const SchedulerView* view_ = nullptr;
  const SchedulingPolicies* policies_ = nullptr;
  StepPlan* plan_ = nullptr;
  Time now_{};
  int rows_left_ = 0, logits_left_ = 0, slots_left_ = 0;
  int free_blocks_ = 0;       // beside what is planned
  int admission_blocks_ = 0;  // free before anything is planned, with those of the preempted
  StepWork work_;             // planned
  int short_rows_ = 0, chunk_rows_left_ = 0, chunk_rows_ = 0, least_chunk_rows_ = 0;
  double chunk_seconds_ = 0, offline_seconds_ = 0;
  bool online_present_ = false;
  bool blocked_ = false;           // nobody starts any more: somebody before has not found room
  bool leans_on_running_ = false;  // somebody starts on cached blocks that a running one holds
  bool held_back_[2] = {};         // whole sequences, by service
  const SequenceView* without_victims_ = nullptr;  // nobody whom it outranks finds a victim either

  // Kept between plans so that a step allocates nothing.
  std::vector<State> states_;  // [running]
  std::vector<int> singles_;
  std::vector<std::uint64_t> begun_;  // prefixes to come whose computation begins in this step
  std::vector<char> decodes_;         // [tenant] in this step
  std::vector<Candidate> candidates_;
  OrderScratch order_scratch_;
  std::vector<Resident> residents_;  // run and are not preempted, or start in this step
  std::vector<const SequenceView*> victims_;
  std::vector<int> tenant_blocks_;  // [tenant] held and predicted; empty without quotas
};

}  // namespace loci
