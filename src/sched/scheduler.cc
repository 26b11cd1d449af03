#include "sched/scheduler.h"

#include <algorithm>
#include <string>

#include "memory/block_table.h"

namespace loci {
namespace {

class Planner {
 public:
  Planner(const SchedulerView& view, const SchedulingPolicies& policies, Time now, StepPlan& plan)
      : view_(view),
        policies_(policies),
        now_(now),
        plan_(plan),
        rows_left_(view.limits.max_tokens),
        logits_left_(view.limits.max_logits_rows),
        free_blocks_(view.free_blocks),
        state_(view.running.size(), State::kUnplanned) {}

  void run() {
    // Single tokens first: somebody reads along, and they cost little. Then the chunks of those that run.
    for (std::size_t i = 0; i < view_.running.size(); ++i)
      if (view_.running[i].missing() == 1) plan_running(i);
    for (std::size_t i = 0; i < view_.running.size(); ++i)
      if (view_.running[i].missing() > 1) plan_running(i);
    if (plan_.preempts.empty()) admit_waiting();
  }

 private:
  enum class State { kUnplanned, kPlanned, kPreempted };

  void plan_running(std::size_t i) {
    if (state_[i] == State::kPreempted) return;
    const SequenceView& sequence = view_.running[i];
    const int count = chunk(sequence);
    if (count == 0) return;
    const int needed = blocks_for(sequence.computed_tokens + count, view_.block_tokens) - sequence.blocks;
    while (needed > free_blocks_)
      if (!preempt_one_after(i)) return;  // waits, with its KV, for one of those that advance to finish
    free_blocks_ -= std::max(needed, 0);
    state_[i] = State::kPlanned;
    add_slice(sequence, count);
  }

  /// Tokens of `sequence` that the budgets still allow.
  int chunk(const SequenceView& sequence) const {
    const int count = std::min(sequence.missing(), rows_left_);
    if (sequence.whole && count < sequence.missing()) return 0;
    const int rows_before_logits = std::max(0, sequence.first_logits - sequence.computed_tokens);
    return std::min(count, rows_before_logits + logits_left_);
  }

  void add_slice(const SequenceView& sequence, int count) {
    plan_.slices.push_back({sequence.id, sequence.computed_tokens, count});
    rows_left_ -= count;
    const int first = std::max(sequence.first_logits, sequence.computed_tokens);
    logits_left_ -= std::max(0, sequence.computed_tokens + count - first);
  }

  bool preempt_one_after(std::size_t i) {
    candidates_.clear();
    for (std::size_t j = 0; j < view_.running.size(); ++j)
      if (state_[j] == State::kUnplanned && view_.running[j].blocks > 0 &&
          arrived_before(view_.running[i], view_.running[j]))
        candidates_.push_back(view_.running[j]);
    if (candidates_.empty()) return false;
    const SequenceView victim = candidates_[static_cast<std::size_t>(policies_.preempt(candidates_, now_))];
    const auto where = std::ranges::find(view_.running, victim.id, &SequenceView::id);
    state_[static_cast<std::size_t>(where - view_.running.begin())] = State::kPreempted;
    free_blocks_ += victim.blocks;
    plan_.preempts.push_back(victim.id);
    return true;
  }

  /// A waiting sequence starts only if all that it knows fits beside what the running ones still need for all
  /// that they know: those who start are not thrown out again at once.
  void admit_waiting() {
    int unpromised = view_.free_blocks;
    for (const SequenceView& s : view_.running)
      unpromised -= std::max(0, blocks_for(s.known_tokens, view_.block_tokens) - s.blocks);
    int slots = view_.limits.max_sequences - static_cast<int>(view_.running.size());
    if (slots <= 0 || view_.waiting.empty()) return;
    policies_.order(view_.waiting, now_, order_);
    for (const int i : order_) {
      const SequenceView& sequence = view_.waiting[static_cast<std::size_t>(i)];
      const int needed = blocks_for(sequence.known_tokens, view_.block_tokens);
      const int count = chunk(sequence);
      if (slots-- == 0 || count == 0 || needed > unpromised) return;  // nobody overtakes
      unpromised -= needed;
      add_slice(sequence, count);
    }
  }

  const SchedulerView& view_;
  const SchedulingPolicies& policies_;
  const Time now_;
  StepPlan& plan_;
  int rows_left_, logits_left_, free_blocks_;
  std::vector<State> state_;
  std::vector<SequenceView> candidates_;
  std::vector<int> order_;
};

/// The entry of a policy table that has this name.
template <class Policy>
Result<const Policy*> find_policy(std::string_view family, std::span<const Policy> table,
                                  std::string_view name) {
  const auto where = std::ranges::find(table, name, &Policy::name);
  if (where != table.end()) return &*where;
  std::string known;
  for (const Policy& policy : table) known += (known.empty() ? "" : ", ") + std::string(policy.name);
  return fail(ErrorCode::kInvalidArgument, "{} policy '{}' is none of: {}", family, name, known);
}

}  // namespace

Result<SchedulingPolicies> find_policies(std::string_view order, std::string_view preempt) {
  LOCI_TRY(const OrderPolicy* order_policy, find_policy("scheduling", order_policies(), order));
  LOCI_TRY(const PreemptPolicy* preempt_policy, find_policy("preemption", preempt_policies(), preempt));
  return SchedulingPolicies{order_policy->order, preempt_policy->victim};
}

void plan_step(const SchedulerView& view, const SchedulingPolicies& policies, Time now, StepPlan& plan) {
  plan.clear();
  Planner(view, policies, now, plan).run();
}

}  // namespace loci
