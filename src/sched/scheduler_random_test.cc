// Whole random workloads under every combination of policies, over a memory that really shares blocks:
// prefixes that are cached, forks that copy on write, a host tier. Every plan is checked against the
// invariants in scheduler.h, and every workload must end.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "sched/scheduler.h"
#include "testing/scheduler_views.h"
#include "testing/soak.h"

namespace loci {
namespace {

using testing::at_ms;

/// Counted blocks; those that nobody holds may cache block `index` of a prefix, the oldest being reused
/// first.
class SharingPool {
 public:
  using Key = std::pair<int, int>;  // prefix, index

  explicit SharingPool(int blocks) : blocks_(static_cast<std::size_t>(blocks)) {}

  int free() const { return static_cast<int>(std::ranges::count(blocks_, 0, &Block::holders)); }
  int holders(int block) const { return blocks_[static_cast<std::size_t>(block)].holders; }
  int find(Key key) const {
    const auto where = cache_.find(key);
    return where == cache_.end() ? -1 : where->second;
  }
  void hold(int block) { ++blocks_[static_cast<std::size_t>(block)].holders; }
  void drop(int block) {
    Block& b = blocks_[static_cast<std::size_t>(block)];
    ASSERT_GT(b.holders, 0);
    if (--b.holders == 0) b.freed = ++clock_;
  }
  void publish(int block, Key key) {
    if (cache_.emplace(key, block).second) blocks_[static_cast<std::size_t>(block)].key = key;
  }
  /// The block that has been free for longest; -1: none is.
  int take() {
    Block* best = nullptr;
    for (Block& b : blocks_)
      if (b.holders == 0 && (best == nullptr || b.freed < best->freed)) best = &b;
    if (best == nullptr) return -1;
    if (best->key.first >= 0) cache_.erase(best->key);
    *best = {1, 0, {-1, -1}};
    return static_cast<int>(best - blocks_.data());
  }

 private:
  struct Block {
    int holders = 0;
    int freed = 0;
    Key key{-1, -1};
  };
  std::vector<Block> blocks_;
  std::map<Key, int> cache_;
  int clock_ = 0;
};

struct Stream {
  SequenceView view;
  int end;            // known tokens at which it has finished
  int prefix;         // of which prefix it begins with ...
  int prefix_tokens;  // ... so many tokens
  std::vector<int> table{};
  int on_host = 0;  // tokens
};

struct Features {
  bool forks = true, offline = true;
};

class RandomWorkload {
 public:
  RandomWorkload(unsigned seed, const SchedulingPolicies& policies, Features features)
      : random_(seed),
        policies_(policies),
        features_(features),
        block_tokens_(pick(1, 8)),
        pool_(pick(blocks_for(64, block_tokens_), 3 * blocks_for(64, block_tokens_))) {
    limits_ = {pick(1, 8), pick(1, 60), pick(1, 8)};
    goals_.inter_token = std::chrono::milliseconds(pick(1, 60));
    goals_.lpm_group = pick(0, 4);
    goals_.expected_output = pick(0, 2) == 0 ? 0 : pick(1, 40);
    goals_.step_tokens = pick(0, 40);
    goals_.batch_delay = std::chrono::milliseconds(pick(0, 2) == 0 ? pick(1, 20) : 0);
    goals_.preemption = static_cast<PreemptionMode>(pick(0, 2));
    swap_seconds_per_block_ = pick(0, 2) * 1e-3;
    if (pick(0, 1) == 0) cost_ = testing::fitted(pick(0, 30) * 1e-3, pick(1, 2000) * 1e-6);
    for (int i = 0, n = pick(1, 3); i < n; ++i)
      tenants_.push_back({.weight = pick(1, 3) * 1.0,
                          .max_blocks = pick(0, 1) * (blocks_for(64, block_tokens_) + pick(0, 20))});
    for (int i = 0, n = pick(1, 20); i < n; ++i) waiting_.push_back(new_stream(i));
    unfinished_ = static_cast<int>(waiting_.size());
  }

  int preempted() const { return preempted_; }
  int swapped() const { return swapped_; }
  int shared() const { return shared_; }

  void run() {
    for (int step = 0; unfinished_ > 0; ++step) {
      ASSERT_LT(step, 20000) << "no end in sight";
      make_views();
      const SchedulerView view{running_views_, waiting_views_, tenants_,
                               pool_.free(),   block_tokens_,  limits_,
                               cost_,          goals_,         swap_seconds_per_block_};
      StepPlan plan, again;
      planner_.plan(view, policies_, now_, plan);
      Planner().plan(view, policies_, now_, again);
      expect_same(plan, again);
      check(plan);
      if (::testing::Test::HasFatalFailure()) return;
      if (plan.slices.empty()) {
        now_ = plan.resume;
        continue;
      }
      now_ += std::chrono::milliseconds(pick(0, 4));
      apply(plan);
      if (::testing::Test::HasFatalFailure()) return;
    }
    EXPECT_TRUE(running_.empty() && waiting_.empty());
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }

  Stream new_stream(int id) {
    const int prompt = pick(1, 40);
    const bool whole = prompt <= limits_.max_tokens && pick(0, 9) == 0;
    SequenceView s{SequenceId(id), at_ms(pick(0, 10)), prompt, 0, 0, whole ? prompt : prompt - 1, whole, {}};
    if (!whole && pick(0, 3) == 0) s.first_logits = 0;
    s.prompt_tokens = prompt;
    s.priority = pick(-1, 1);
    s.tenant = pick(0, static_cast<int>(tenants_.size()) - 1);
    if (features_.offline && pick(0, 3) == 0) s.service = Service::kOffline;
    if (pick(0, 1) == 0) s.deadline = at_ms(pick(0, 300));
    const int end = whole ? prompt : prompt + pick(1, 64 - prompt);
    return {s, end, pick(0, 2), whole || s.first_logits == 0 ? 0 : pick(0, prompt)};
  }

  // What policies see.

  void make_views() {
    std::ranges::sort(running_,
                      [](const Stream& a, const Stream& b) { return arrived_before(a.view, b.view); });
    for (TenantView& tenant : tenants_) tenant.blocks = 0;
    running_views_.clear(), waiting_views_.clear();
    for (Stream& s : running_) {
      SequenceView& v = s.view;
      v.blocks = static_cast<int>(s.table.size());
      v.shared_blocks = static_cast<int>(
          std::ranges::count_if(s.table, [&](int block) { return pool_.holders(block) > 1; }));
      v.tail_shared = v.computed_tokens % block_tokens_ != 0 && pool_.holders(s.table.back()) > 1;
      v.cached_tokens = v.cached_blocks_in_use = 0;
      v.waits_for_prefix = false;
      v.tokens_to_come = s.view.whole ? 0 : s.end - v.known_tokens;
      tenants_[static_cast<std::size_t>(v.tenant)].blocks += v.blocks;
      running_views_.push_back(v);
    }
    for (Stream& s : waiting_) {
      see_cached(s);
      waiting_views_.push_back(s.view);
    }
  }

  int cached_blocks(const Stream& s) const {
    int count = 0;
    while ((count + 1) * block_tokens_ <= s.prefix_tokens && pool_.find({s.prefix, count}) >= 0) ++count;
    return count;
  }

  void see_cached(Stream& s) {
    SequenceView& v = s.view;
    v.blocks = v.computed_tokens = v.shared_blocks = v.cached_blocks_in_use = 0;
    v.waits_for_prefix = v.tail_shared = false;
    v.tokens_to_come = v.whole ? 0 : s.end - v.known_tokens;
    v.cached_tokens = s.on_host;
    if (s.on_host > 0) return;
    const int cached = cached_blocks(s);
    v.cached_tokens = std::min(cached * block_tokens_, v.known_tokens - 1);
    v.tail_shared = v.cached_tokens % block_tokens_ != 0;
    for (int i = 0; i < blocks_for(v.cached_tokens, block_tokens_); ++i)
      v.cached_blocks_in_use += pool_.holders(pool_.find({s.prefix, i})) > 0 ? 1 : 0;
    const int wanted = std::min(s.prefix_tokens, v.known_tokens - 1) / block_tokens_ * block_tokens_;
    v.waits_for_prefix = std::ranges::any_of(running_, [&](const Stream& other) {
      return other.prefix == s.prefix && other.view.computed_tokens >= v.cached_tokens &&
             other.view.computed_tokens < std::min(other.prefix_tokens, wanted);
    });
  }

  // Whether a plan is legal.

  static void expect_same(const StepPlan& a, const StepPlan& b) {
    ASSERT_EQ(a.slices.size(), b.slices.size());
    for (std::size_t i = 0; i < a.slices.size(); ++i) {
      ASSERT_EQ(a.slices[i].sequence, b.slices[i].sequence);
      ASSERT_EQ(a.slices[i].count, b.slices[i].count);
    }
    ASSERT_EQ(a.preempts.size(), b.preempts.size());
    for (std::size_t i = 0; i < a.preempts.size(); ++i) {
      ASSERT_EQ(a.preempts[i].sequence, b.preempts[i].sequence);
      ASSERT_EQ(a.preempts[i].swap, b.preempts[i].swap);
    }
  }

  static const SequenceView* find(const std::vector<SequenceView>& views, SequenceId id) {
    const auto where = std::ranges::find(views, id, &SequenceView::id);
    return where == views.end() ? nullptr : &*where;
  }

  void check(const StepPlan& plan) {
    if (plan.slices.empty()) {
      ASSERT_TRUE(running_.empty()) << "deadlock";
      ASSERT_TRUE(plan.resume > now_ && plan.resume < Time::max()) << "deadlock";
      for (const SequenceView& s : waiting_views_) ASSERT_TRUE(s.whole) << "deadlock";
    }
    int rows = 0, logits = 0, sequences = static_cast<int>(running_.size() - plan.preempts.size());
    std::set<SequenceId> seen;
    for (const Preempt& preempt : plan.preempts) {
      const SequenceView* victim = find(running_views_, preempt.sequence);
      ASSERT_TRUE(victim != nullptr && seen.insert(preempt.sequence).second);
      ASSERT_TRUE(!preempt.swap || swap_seconds_per_block_ > 0);
      ASSERT_TRUE(std::ranges::any_of(plan.slices, [&](const Slice& slice) {
        const SequenceView* taker = find(running_views_, slice.sequence);
        if (taker != nullptr) return outranks(*taker, *victim);
        taker = find(waiting_views_, slice.sequence);
        return taker->service == Service::kOnline && victim->service == Service::kOffline;
      })) << "preempted for nobody";
    }
    for (const Slice& slice : plan.slices) {
      ASSERT_TRUE(seen.insert(slice.sequence).second) << "twice, or preempted";
      const SequenceView* s = find(running_views_, slice.sequence);
      if (s == nullptr) s = find(waiting_views_, slice.sequence), ++sequences;
      ASSERT_NE(s, nullptr);
      ASSERT_EQ(slice.begin, s->next_token());
      ASSERT_TRUE(slice.count > 0 && slice.begin + slice.count <= s->known_tokens);
      ASSERT_TRUE(!s->whole || slice.count == s->known_tokens);
      rows += slice.count;
      logits += std::max(0, slice.begin + slice.count - std::max(s->first_logits, slice.begin));
    }
    ASSERT_LE(rows, limits_.max_tokens);
    ASSERT_LE(logits, limits_.max_logits_rows);
    ASSERT_LE(sequences, limits_.max_sequences);
  }

  // What the engine does.

  void apply(const StepPlan& plan) {
    for (const Preempt& preempt : plan.preempts) {
      const auto where =
          std::ranges::find(running_, preempt.sequence, [](const Stream& s) { return s.view.id; });
      for (const int block : where->table) pool_.drop(block);
      where->table.clear();
      where->on_host = preempt.swap ? where->view.computed_tokens : 0;
      waiting_.push_back(std::move(*where));
      running_.erase(where);
      ++preempted_;
      swapped_ += preempt.swap ? 1 : 0;
    }
    for (const Slice& slice : plan.slices) start(slice.sequence);
    for (const Slice& slice : plan.slices) compute(slice);
    retire();
    if (features_.forks) fork();
  }

  /// Holds the cached prefixes of all that start before any table grows.
  void start(SequenceId id) {
    const auto where = std::ranges::find(waiting_, id, [](const Stream& s) { return s.view.id; });
    if (where == waiting_.end()) return;
    if (where->on_host == 0) {
      const int held = (where->view.cached_tokens + block_tokens_ - 1) / block_tokens_;
      for (int i = 0; i < held; ++i) {
        where->table.push_back(pool_.find({where->prefix, i}));
        ASSERT_GE(where->table.back(), 0);
        pool_.hold(where->table.back());
        ++shared_;
      }
    }
    running_.push_back(std::move(*where));
    waiting_.erase(where);
  }

  void compute(const Slice& slice) {
    Stream& s = *std::ranges::find(running_, slice.sequence, [](const Stream& r) { return r.view.id; });
    if (slice.begin % block_tokens_ != 0 && s.on_host == 0) copy_tail(s);
    const int end = slice.begin + slice.count;
    s.on_host = 0;
    while (static_cast<int>(s.table.size()) < blocks_for(end, block_tokens_)) {
      s.table.push_back(pool_.take());
      ASSERT_GE(s.table.back(), 0) << "more blocks than are free";
    }
    SequenceView& v = s.view;
    v.computed_tokens = end;
    for (int i = 0; (i + 1) * block_tokens_ <= std::min(end, s.prefix_tokens); ++i)
      pool_.publish(s.table[static_cast<std::size_t>(i)], {s.prefix, i});
    if (end == v.known_tokens) ++v.known_tokens;
    if (end >= v.prompt_tokens) v.first_logits = v.known_tokens - 1;
    tenants_[static_cast<std::size_t>(v.tenant)].served += slice.count;
  }

  void copy_tail(Stream& s) {
    const int tail = s.table.back();
    if (pool_.holders(tail) == 1 && (was_running(s) || pool_.free() == 0)) return;
    s.table.back() = pool_.take();
    ASSERT_GE(s.table.back(), 0) << "no block for the copy";
    pool_.drop(tail);
  }
  /// Else it stands on cached blocks, which it does not write as long as it can take others.
  bool was_running(const Stream& s) const { return find(running_views_, s.view.id) != nullptr; }

  void retire() {
    std::erase_if(running_, [&](const Stream& s) {
      if (s.view.known_tokens <= s.end) return false;
      for (const int block : s.table) pool_.drop(block);
      --unfinished_;
      return true;
    });
  }

  /// Now and then one that generates goes on twice.
  void fork() {
    if (running_.empty() || static_cast<int>(running_.size()) >= limits_.max_sequences || pick(0, 9) != 0)
      return;
    const Stream& parent = running_[static_cast<std::size_t>(pick(0, static_cast<int>(running_.size()) - 1))];
    if (parent.view.missing() != 1 || parent.view.whole || next_fork_ > 1010) return;
    Stream child = parent;
    child.view.id = SequenceId(next_fork_++);
    for (const int block : child.table) pool_.hold(block);
    running_.push_back(std::move(child));
    ++unfinished_;
  }

  std::mt19937 random_;
  SchedulingPolicies policies_;
  Features features_;
  int block_tokens_;
  SharingPool pool_;
  StepLimits limits_{};
  SchedulingGoals goals_{};
  CostModel cost_;
  double swap_seconds_per_block_ = 0;
  std::vector<TenantView> tenants_;
  std::vector<Stream> running_, waiting_;
  std::vector<SequenceView> running_views_, waiting_views_;
  Planner planner_;
  Time now_ = at_ms(10);
  int unfinished_ = 0, next_fork_ = 1000;
  int preempted_ = 0, swapped_ = 0, shared_ = 0;
};

TEST(SchedulerRandom, WorkloadsEndAndEveryPlanIsLegalUnderEveryCombinationOfPolicies) {
  unsigned seed = 0;
  int preempted = 0, swapped = 0, shared = 0;
  for (const OrderPolicy& order : order_policies())
    for (const ChunkPolicy& chunk : chunk_policies())
      for (const PreemptPolicy& preempt : preempt_policies())
        for (const AdmitPolicy& admit : admit_policies())
          for (int round = 0; round < testing::rounds(6, 500); ++round) {
            SCOPED_TRACE(::testing::Message() << order.name << ' ' << chunk.name << ' ' << preempt.name << ' '
                                              << admit.name << ' ' << seed);
            const SchedulingPolicies policies{order.order, chunk.budget, preempt.victim, admit.blocks_needed};
            RandomWorkload workload(seed++, policies, {});
            workload.run();
            if (HasFatalFailure()) return;
            preempted += workload.preempted(), swapped += workload.swapped(), shared += workload.shared();
          }
  EXPECT_GT(preempted - swapped, 500);
  EXPECT_GT(swapped, 100);
  EXPECT_GT(shared, 1000);
}

TEST(SchedulerRandom, GuaranteedAdmissionNeverPreempts) {
  for (int round = 0; round < testing::rounds(200, 20000); ++round) {
    SCOPED_TRACE(round);
    RandomWorkload workload(static_cast<unsigned>(round), {.admit = admit_guaranteed},
                            {.forks = false, .offline = false});
    workload.run();
    if (HasFatalFailure()) return;
    EXPECT_EQ(workload.preempted(), 0);
  }
}

}  // namespace
}  // namespace loci
