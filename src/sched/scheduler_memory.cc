// The planner's arithmetic of blocks: who finds room, and who gives it up.
#include <algorithm>

#include "memory/block_table.h"
#include "sched/scheduler.h"

namespace loci {

/// With the blocks that `sequence` does not have to take from the free ones. Once anybody is preempted, a
/// cached prefix may have become free with it: then it is taken like any other.
Resident Planner::with_held(const SequenceView& sequence) const {
  if (sequence.blocks > 0) return {&sequence, sequence.blocks};
  return {&sequence, plan_->preempts.empty() ? sequence.cached_blocks_in_use : 0};
}

/// Free blocks that the next `count` tokens take, with the copy of a block that is shared.
int Planner::blocks_to_take(const Resident& resident, int count) const {
  const SequenceView& s = *resident.sequence;
  const int begin = s.next_token();
  const int copy = s.tail_shared && begin % view_->block_tokens != 0 ? 1 : 0;
  return std::max(0, blocks_for(begin + count, view_->block_tokens) - resident.held) + copy;
}

/// Room for the next tokens of a running sequence, taken from those whom it outranks if need be. Nobody is
/// preempted when that would not be enough.
bool Planner::make_room(const SequenceView& sequence, int count) {
  const int needed = blocks_to_take(with_held(sequence), count);
  if (needed <= free_blocks_) return true;
  if (leans_on_running_) return false;
  if (without_victims_ != nullptr && outranks(*without_victims_, sequence)) return false;
  gather_victims([&](const SequenceView& other) { return outranks(sequence, other); });
  if (victims_.empty()) without_victims_ = &sequence;
  int gained = 0;
  for (const SequenceView* victim : victims_) gained += victim->own_blocks();
  if (free_blocks_ + gained < needed) return false;
  while (needed > free_blocks_) preempt_one(needed - free_blocks_);
  blocked_ = true;  // memory is short: nobody starts
  return true;
}

/// Blocks that `next` lacks to start with `count` tokens; <= 0: it fits.
int Planner::shortage(const SequenceView& next, int count) const {
  const Resident resident = with_held(next);
  const int now = blocks_to_take(resident, count) - free_blocks_;
  if (residents_.empty()) return now;
  const Admission admission{*view_, residents_, resident};
  return std::max(now, policies_->admit(admission) - admission_blocks_);
}

/// Whether `next` may start; an online one takes what it lacks from offline ones.
bool Planner::find_room(const SequenceView& next, int count) {
  if (slots_left_ > 0 && shortage(next, count) <= 0) return true;
  if (next.service != Service::kOnline || leans_on_running_) return false;
  gather_victims([](const SequenceView& other) { return other.service == Service::kOffline; });
  if (victims_.empty() || !fits_without_victims(next, count)) return false;
  while (slots_left_ <= 0 || shortage(next, count) > 0) preempt_one(std::max(1, shortage(next, count)));
  return true;
}

/// Whether `next` would fit if all of `victims_` were gone.
bool Planner::fits_without_victims(const SequenceView& next, int count) {
  int gained = 0;
  for (const SequenceView* victim : victims_) {
    gained += victim->own_blocks();
    state_of(*victim) = State::kPreempted;
  }
  const auto gone = std::ranges::partition(residents_, [&](const Resident& r) {
    return r.sequence->blocks == 0 || state_of(*r.sequence) != State::kPreempted;
  });
  for (const SequenceView* victim : victims_) state_of(*victim) = State::kUnplanned;

  if (slots_left_ + static_cast<int>(gone.size()) <= 0) return false;
  if (blocks_to_take({&next, 0}, count) > free_blocks_ + gained) return false;
  const std::span<const Resident> rest(residents_.begin(), gone.begin());
  const Admission admission{*view_, rest, {&next, 0}};
  return rest.empty() || policies_->admit(admission) <= admission_blocks_ + gained;
}

template <class Eligible>
void Planner::gather_victims(Eligible eligible) {
  victims_.clear();
  for (const SequenceView& s : view_->running)
    if (state_of(s) == State::kUnplanned && s.own_blocks() > 0 && eligible(s)) victims_.push_back(&s);
}

void Planner::preempt_one(int needed) {
  const auto chosen = victims_.begin() + policies_->preempt(*view_, victims_, needed, now_);
  preempt(**chosen);
  victims_.erase(chosen);
}

void Planner::preempt(const SequenceView& victim) {
  plan_->preempts.push_back({victim.id, cost_of_return(*view_, victim).swap});
  state_of(victim) = State::kPreempted;
  free_blocks_ += victim.own_blocks();
  admission_blocks_ += victim.own_blocks();
  ++slots_left_;
  residents_.erase(std::ranges::find(residents_, &victim, &Resident::sequence));
  if (!tenant_blocks_.empty()) tenant_blocks_[static_cast<std::size_t>(victim.tenant)] -= victim.blocks;
}

/// A tenant that holds nothing may always start one.
bool Planner::over_quota(const SequenceView& next) const {
  if (tenant_blocks_.empty()) return false;
  const TenantView& tenant = view_->tenants[static_cast<std::size_t>(next.tenant)];
  const int promised = tenant_blocks_[static_cast<std::size_t>(next.tenant)];
  if (tenant.max_blocks == 0 || promised == 0) return false;
  const int output = predicted_output(next, view_->goals);
  return promised + missing_blocks({&next, 0}, output, view_->block_tokens) > tenant.max_blocks;
}

/// Counts what the sequence is predicted to take beyond what it holds.
void Planner::charge_tenant(const Resident& resident) {
  if (tenant_blocks_.empty()) return;
  const int output = predicted_output(*resident.sequence, view_->goals);
  tenant_blocks_[static_cast<std::size_t>(resident.sequence->tenant)] +=
      missing_blocks(resident, output, view_->block_tokens);
}

}  // namespace loci
