#include "sched/scheduler.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "memory/block_table.h"
#include "testing/soak.h"

namespace loci {
namespace {

Time at(int tick) {
  return Time(Duration(tick));
}

SequenceView sequence(int id, int known, int computed, int block_tokens = 4) {
  return {SequenceId(id), at(id), known, computed, blocks_for(computed, block_tokens), known - 1};
}

StepPlan plan_for(const SchedulerView& view) {
  StepPlan plan;
  plan_step(view, {}, at(0), plan);
  return plan;
}

TEST(Scheduler, DecodesComeBeforeChunksAndChunksFillTheBudget) {
  const std::vector running{sequence(1, 100, 20), sequence(2, 9, 8)};
  const std::vector waiting{sequence(3, 50, 0)};
  const StepPlan plan = plan_for({running, waiting, 1000, 4, {8, 32, 8}});
  ASSERT_EQ(plan.slices.size(), 2u);
  EXPECT_EQ(plan.slices[0].sequence, SequenceId(2));
  EXPECT_EQ(plan.slices[0].count, 1);
  EXPECT_EQ(plan.slices[1].sequence, SequenceId(1));
  EXPECT_EQ(plan.slices[1].begin, 20);
  EXPECT_EQ(plan.slices[1].count, 31);
}

TEST(Scheduler, WaitingAreAdmittedInOrderOfArrivalWithoutOvertaking) {
  const std::vector waiting{sequence(5, 4, 0), sequence(2, 40, 0), sequence(1, 4, 0)};
  const StepPlan plan = plan_for({{}, waiting, 8, 4, {8, 100, 8}});
  ASSERT_EQ(plan.slices.size(), 1u) << "2 needs 10 blocks of 8 and 5 must not pass it";
  EXPECT_EQ(plan.slices[0].sequence, SequenceId(1));
}

TEST(Scheduler, OlderSequencePreemptsTheLatest) {
  const std::vector running{sequence(1, 9, 8), sequence(2, 8, 7), sequence(3, 8, 7)};
  const StepPlan plan = plan_for({running, {}, 0, 4, {8, 100, 8}});
  ASSERT_EQ(plan.preempts, std::vector{SequenceId(3)});
  ASSERT_EQ(plan.slices.size(), 2u);
}

TEST(Scheduler, YoungerSequenceWaitsRatherThanPreemptAnOlder) {
  const std::vector running{sequence(1, 8, 7), sequence(2, 9, 8)};
  const StepPlan plan = plan_for({running, {}, 0, 4, {8, 100, 8}});
  EXPECT_TRUE(plan.preempts.empty());
  ASSERT_EQ(plan.slices.size(), 1u);
  EXPECT_EQ(plan.slices[0].sequence, SequenceId(1));
}

TEST(Scheduler, PromptLogitsAreChunkedToTheirBudget) {
  SequenceView s = sequence(1, 50, 0);
  s.first_logits = 10;
  const StepPlan plan = plan_for({{}, std::vector{s}, 100, 4, {8, 100, 6}});
  ASSERT_EQ(plan.slices.size(), 1u);
  EXPECT_EQ(plan.slices[0].count, 16);
}

/// Runs whole random workloads under the scheduler and checks every plan against the invariants in
/// scheduler.h.
class RandomWorkload {
 public:
  explicit RandomWorkload(unsigned seed) : random_(seed) {
    block_tokens_ = pick(1, 8);
    limits_ = {pick(1, 8), pick(1, 40), 0};
    limits_.max_logits_rows = pick(1, 8);
    blocks_ = pick(blocks_for(64, block_tokens_), 3 * blocks_for(64, block_tokens_));
    for (int i = 0, n = pick(1, 20); i < n; ++i) {
      const int prompt = pick(1, 40);
      todo_[SequenceId(i)] = {prompt, prompt + pick(1, 64 - prompt)};
      SequenceView s{SequenceId(i), at(pick(0, 10)), prompt, 0, 0, prompt - 1};
      if (pick(0, 3) == 0) s.first_logits = 0;
      waiting_.push_back(s);
    }
  }

  void run() {
    for (int step = 0; !todo_.empty(); ++step) {
      ASSERT_LT(step, 20000) << "no end in sight";
      std::ranges::sort(running_, arrived_before);
      StepPlan plan;
      const SchedulerView view{running_, waiting_, free_blocks(), block_tokens_, limits_};
      plan_step(view, {}, at(step), plan);
      ASSERT_FALSE(plan.slices.empty()) << "deadlock";
      apply(plan);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }

 private:
  struct Todo {
    int prompt, end;
  };

  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  int free_blocks() const {
    int used = 0;
    for (const auto& s : running_) used += s.blocks;
    return blocks_ - used;
  }

  void apply(const StepPlan& plan) {
    const auto oldest_before = running_.empty() ? SequenceView{} : running_.front();
    for (const SequenceId id : plan.preempts) {
      const auto where = std::ranges::find(running_, id, &SequenceView::id);
      ASSERT_NE(where, running_.end());
      ASSERT_NE(where->id, oldest_before.id) << "the oldest is never preempted";
      waiting_.push_back(*where);
      waiting_.back().computed_tokens = waiting_.back().blocks = 0;
      running_.erase(where);
    }
    int rows = 0, logits = 0;
    std::set<SequenceId> seen(plan.preempts.begin(), plan.preempts.end());
    for (const Slice& slice : plan.slices) {
      ASSERT_TRUE(seen.insert(slice.sequence).second);
      if (const auto where = std::ranges::find(waiting_, slice.sequence, &SequenceView::id);
          where != waiting_.end()) {
        running_.push_back(*where);
        waiting_.erase(where);
      }
      SequenceView& s = *std::ranges::find(running_, slice.sequence, &SequenceView::id);
      ASSERT_EQ(slice.begin, s.computed_tokens);
      ASSERT_GT(slice.count, 0);
      rows += slice.count;
      const int end = slice.begin + slice.count;
      logits += std::max(0, end - std::max(s.first_logits, slice.begin));
      s.computed_tokens = end;
      s.blocks = std::max(s.blocks, blocks_for(end, block_tokens_));
      ASSERT_GE(free_blocks(), 0);
      if (end == s.known_tokens) ++s.known_tokens;
      const Todo& todo = todo_.at(s.id);
      if (end >= todo.prompt) s.first_logits = s.known_tokens - 1;
    }
    ASSERT_LE(rows, limits_.max_tokens);
    ASSERT_LE(logits, limits_.max_logits_rows);
    ASSERT_LE(static_cast<int>(running_.size()), limits_.max_sequences);
    std::erase_if(running_, [&](const SequenceView& s) {
      return s.known_tokens > todo_.at(s.id).end && todo_.erase(s.id) > 0;
    });
  }

  std::mt19937 random_;
  int block_tokens_, blocks_;
  StepLimits limits_{};
  std::map<SequenceId, Todo> todo_;
  std::vector<SequenceView> running_, waiting_;
};

TEST(Scheduler, RandomWorkloadsEndAndEveryPlanIsLegal) {
  for (unsigned seed = 0; seed < static_cast<unsigned>(testing::rounds(300, 300000)); ++seed) {
    SCOPED_TRACE(seed);
    RandomWorkload(seed).run();
    if (HasFatalFailure()) return;
  }
}

TEST(SchedulingPolicies, AreFoundByName) {
  EXPECT_EQ(find_policies("fcfs", "latest")->order, order_fcfs);
  const auto unknown = find_policies("random", "latest");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("fcfs"), std::string::npos);
  EXPECT_FALSE(find_policies("fcfs", "oldest").has_value());
}

// The conformance test of the policy tables: whatever is in them decides legally and deterministically.
TEST(SchedulingPolicies, Conform) {
  std::mt19937 random(5);
  std::vector<SequenceView> views;
  for (int i = 0; i < 50; ++i) {
    views.push_back(sequence(i, 2 + static_cast<int>(random() % 50), 0));
    views.back().arrival = at(static_cast<int>(random() % 8));
  }
  for (const OrderPolicy& policy : order_policies()) {
    std::vector<int> first, second;
    policy.order(views, at(9), first);
    policy.order(views, at(9), second);
    EXPECT_EQ(first, second) << policy.name;
    std::ranges::sort(second);
    ASSERT_EQ(second.size(), views.size()) << policy.name;
    for (int i = 0; i < 50; ++i)
      EXPECT_EQ(second[static_cast<std::size_t>(i)], i) << policy.name << " is no permutation";
  }
  for (const PreemptPolicy& policy : preempt_policies()) {
    const int victim = policy.victim(views, at(9));
    EXPECT_TRUE(victim >= 0 && victim < 50) << policy.name;
    EXPECT_EQ(victim, policy.victim(views, at(9))) << policy.name;
  }
}

}  // namespace
}  // namespace loci
