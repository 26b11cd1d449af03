#include "sched/scheduler.h"

#include <algorithm>
#include <limits>

namespace loci {
namespace {

/// Steps in a row that a prompt may fill for its tenant's sake.
constexpr int kOwedSteps = 4;
constexpr double kNoLimit = std::numeric_limits<double>::infinity();

bool before(const Candidate& a, const Candidate& b) {
  return a.rank != b.rank ? a.rank < b.rank : a.place < b.place;
}

bool after(const Candidate& a, const Candidate& b) {
  return before(b, a);
}

template <class Range, class Less>
void sort_unless_sorted(Range& range, Less less) {
  if (!std::ranges::is_sorted(range, less)) std::ranges::sort(range, less);
}

}  // namespace

void Planner::plan(const SchedulerView& view, const SchedulingPolicies& policies, Time now, StepPlan& plan) {
  view_ = &view, policies_ = &policies, plan_ = &plan, now_ = now;
  begin();
  plan_service(Service::kOnline);
  plan_service(Service::kOffline);
  if (plan.slices.empty()) force_progress();
}

void Planner::begin() {
  plan_->clear();
  rows_left_ = view_->limits.max_tokens;
  logits_left_ = view_->limits.max_logits_rows;
  slots_left_ = view_->limits.max_sequences - static_cast<int>(view_->running.size());
  free_blocks_ = admission_blocks_ = view_->free_blocks;
  work_ = {};
  blocked_ = leans_on_running_ = false;
  without_victims_ = nullptr;
  begun_.clear();
  states_.assign(view_->running.size(), State::kUnplanned);
  residents_.clear();
  for (const SequenceView& s : view_->running) residents_.push_back({&s, s.blocks});

  const auto is_online = [](const SequenceView& s) { return s.service == Service::kOnline; };
  online_present_ =
      std::ranges::any_of(view_->running, is_online) || std::ranges::any_of(view_->waiting, is_online);
  offline_seconds_ = online_present_ ? cautious_seconds(*view_, view_->goals.inter_token) : kNoLimit;

  tenant_blocks_.clear();
  if (std::ranges::any_of(view_->tenants, [](const TenantView& t) { return t.max_blocks > 0; })) {
    for (const TenantView& tenant : view_->tenants) tenant_blocks_.push_back(tenant.blocks);
    for (const SequenceView& s : view_->running) charge_tenant({&s, s.blocks});
  }
}

void Planner::plan_service(Service service) {
  plan_single_tokens(service);
  plan_prefills(service);
}

/// In order of rank, so that the blocks go to those that may take them from the others.
void Planner::plan_single_tokens(Service service) {
  singles_.clear();
  for (std::size_t i = 0; i < view_->running.size(); ++i)
    if (view_->running[i].missing() == 1 && view_->running[i].service == service)
      singles_.push_back(static_cast<int>(i));
  const auto sequence = [&](int i) -> const SequenceView& {
    return view_->running[static_cast<std::size_t>(i)];
  };
  sort_unless_sorted(singles_, [&](int a, int b) { return outranks(sequence(a), sequence(b)); });
  for (const int i : singles_) {
    if (rows_left_ == 0) return;
    if (service == Service::kOffline && offline_seconds_ < kNoLimit &&
        view_->cost.tokens_within(offline_seconds_, work_, sequence(i).computed_tokens, 1) == 0)
      return;
    continue_running(sequence(i), chunk(sequence(i)));
  }
}

void Planner::plan_prefills(Service service) {
  set_chunk_budget(service);
  held_back_[static_cast<int>(service)] = waits_for_company(service);
  gather_candidates(service);
  int running_left = static_cast<int>(std::ranges::count(candidates_, true, &Candidate::runs));
  // Few of the candidates get rows, so they are drawn from a heap rather than sorted.
  const bool sorted = std::ranges::is_sorted(candidates_, before);
  if (!sorted) std::ranges::make_heap(candidates_, after);
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (rows_left_ == 0 || chunk_rows_left_ == 0 || (blocked_ && running_left == 0)) return;
    const auto end = candidates_.end() - static_cast<std::ptrdiff_t>(i);
    if (!sorted) std::ranges::pop_heap(candidates_.begin(), end, after);
    const Candidate& candidate = sorted ? candidates_[i] : *(end - 1);
    if (candidate.runs) {
      --running_left;
      continue_running(*candidate.sequence, chunk(*candidate.sequence));
    } else {
      start_waiting(*candidate.sequence);
    }
  }
}

void Planner::set_chunk_budget(Service service) {
  const ChunkBudget budget = policies_->chunk(*view_, work_, now_);
  const bool offline = service == Service::kOffline;
  note_decoding_tenants();
  chunk_rows_ = 0;
  chunk_rows_left_ = std::min(budget.rows, rows_left_);
  short_rows_ = offline ? 0 : budget.short_rows;
  chunk_seconds_ = offline ? offline_seconds_ : budget.seconds;
  least_chunk_rows_ = offline && offline_seconds_ < kNoLimit ? 0 : kMinimumChunk;
}

void Planner::note_decoding_tenants() {
  decodes_.assign(view_->tenants.size(), 0);
  for (const int i : singles_)
    decodes_[static_cast<std::size_t>(view_->running[static_cast<std::size_t>(i)].tenant)] = 1;
}

/// The limit of time protects those that decode from prompts, but not those of other tenants that have had as
/// much as the prompt's or more: else who asks for much would slow who asks for little. It does from the long
/// prompts of anybody.
bool Planner::is_owed(const SequenceView& sequence) const {
  const auto own = static_cast<std::size_t>(sequence.tenant);
  if (sequence.service == Service::kOffline || sequence.to_compute() > kOwedSteps * view_->limits.max_tokens)
    return false;
  bool others_decode = false;
  for (std::size_t tenant = 0; tenant < decodes_.size(); ++tenant) {
    if (tenant == own || decodes_[tenant] == 0) continue;
    if (view_->tenants[tenant].served < view_->tenants[own].served) return false;
    others_decode = true;
  }
  return others_decode;
}

/// Whole sequences are held back, until goals.batch_delay after the oldest of them came, as long as they do
/// not fill a step (Triton's dynamic batcher).
bool Planner::waits_for_company(Service service) {
  if (view_->goals.batch_delay <= Duration(0)) return false;
  int rows = 0, count = 0;
  Time oldest = Time::max();
  for (const SequenceView& s : view_->waiting) {
    if (!s.whole || s.service != service) continue;
    rows += s.known_tokens, ++count;
    oldest = std::min(oldest, s.arrival);
  }
  if (count == 0 || rows >= rows_left_ || count >= slots_left_) return false;
  const Time due = oldest + view_->goals.batch_delay;
  if (due <= now_) return false;
  plan_->resume = std::min(plan_->resume, due);
  return true;
}

void Planner::gather_candidates(Service service) {
  candidates_.clear();
  for (const SequenceView& s : view_->running)
    if (s.missing() > 1 && s.service == service) candidates_.push_back({&s, true});
  for (const SequenceView& s : view_->waiting)
    if (s.service == service && !(s.whole && held_back_[static_cast<int>(service)]))
      candidates_.push_back({&s, false});
  sort_unless_sorted(candidates_, [](const Candidate& a, const Candidate& b) {
    return arrived_before(*a.sequence, *b.sequence);
  });
  for (std::size_t i = 0; i < candidates_.size(); ++i) candidates_[i].place = static_cast<int>(i);
  policies_->order(*view_, now_, candidates_, order_scratch_);
}

/// The next `count` tokens of a running sequence; nothing if it finds no blocks for them: it waits, with its
/// KV, for one of those that advance to finish.
void Planner::continue_running(const SequenceView& sequence, int count) {
  if (count == 0 || state_of(sequence) != State::kUnplanned) return;
  if (!make_room(sequence, count)) {
    blocked_ = true;
    return;
  }
  state_of(sequence) = State::kPlanned;
  add_slice(sequence, count);
}

void Planner::start_waiting(const SequenceView& sequence) {
  if (blocked_ || sequence.waits_for_prefix || waits_for_begun(sequence) || over_quota(sequence)) return;
  const int count = chunk(sequence);
  if (count == 0 || !find_room(sequence, count)) {
    blocked_ = true;  // nobody overtakes
    return;
  }
  const Resident resident = with_held(sequence);
  leans_on_running_ |= resident.held > 0;
  --slots_left_;
  if (sequence.prefix_to_come != 0) begun_.push_back(sequence.prefix_to_come);
  residents_.push_back(resident);
  charge_tenant(resident);
  add_slice(sequence, count);
}

/// Somebody before it begins in this very step with what it would compute: from the next step on it is known
/// to wait for that (SequenceView::waits_for_prefix).
bool Planner::waits_for_begun(const SequenceView& next) const {
  return next.prefix_to_come != 0 && std::ranges::find(begun_, next.prefix_to_come) != begun_.end();
}

/// Tokens of `sequence` that the budgets still allow.
int Planner::chunk(const SequenceView& sequence) const {
  const int begin = sequence.next_token();
  const int missing = sequence.known_tokens - begin;
  int count = std::min(missing, rows_left_);
  if (missing > 1 || sequence.blocks == 0) {
    const int allowed = rows_in_budget(sequence, count);
    const bool may_exceed = sequence.whole && chunk_rows_ == 0 && least_chunk_rows_ > 0;
    if (!may_exceed) count = allowed;  // what cannot be cut goes alone if it is too large
  }
  if (sequence.whole && count < missing) return 0;
  const int rows_before_logits = std::max(0, sequence.first_logits - begin);
  return std::min(count, rows_before_logits + logits_left_);
}

int Planner::rows_in_budget(const SequenceView& sequence, int most) const {
  most = std::min(most, chunk_rows_left_);
  if (chunk_seconds_ == kNoLimit || is_owed(sequence) ||
      sequence.known_tokens - sequence.next_token() <= short_rows_)
    return most;
  const int within = view_->cost.tokens_within(chunk_seconds_, work_, sequence.next_token(), most);
  return std::min(most, std::max(within, least_chunk_rows_ - chunk_rows_));
}

void Planner::add_slice(const SequenceView& sequence, int count) {
  const int begin = sequence.next_token();
  plan_->slices.push_back({sequence.id, begin, count});
  free_blocks_ -= blocks_to_take(with_held(sequence), count);
  work_.add_slice(begin, count);
  rows_left_ -= count;
  logits_left_ -= std::max(0, begin + count - std::max(sequence.first_logits, begin));
  if (sequence.missing() == 1 && sequence.blocks > 0) return;
  chunk_rows_ += count;
  chunk_rows_left_ = std::max(0, chunk_rows_left_ - count);
}

/// Nothing is planned, so nothing would ever change. Offline work goes on although there is no time for it.
/// Then, as blocks that are shared come free only with the last that holds them, everything is taken from
/// those whom the highest of the running ones outranks. When none of them has anything to compute, the
/// highest of those that wait has the machine to itself.
void Planner::force_progress() {
  offline_seconds_ = kNoLimit;
  blocked_ = false;
  plan_service(Service::kOffline);
  if (!plan_->slices.empty()) return;

  set_chunk_budget(Service::kOffline);  // no limit of time
  const SequenceView* highest = nullptr;
  for (const SequenceView& s : view_->running)
    if (s.missing() > 0 && (highest == nullptr || outranks(s, *highest))) highest = &s;
  for (const SequenceView& s : view_->running)
    if (&s != highest) preempt(s);
  if (highest != nullptr) return add_slice(*highest, chunk(*highest));
  for (const SequenceView& s : view_->waiting) {
    if (s.whole && held_back_[static_cast<int>(s.service)]) continue;
    if (highest == nullptr || outranks(s, *highest)) highest = &s;
  }
  if (highest != nullptr) add_slice(*highest, chunk(*highest));
}

}  // namespace loci
