#include "sched/policies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "testing/scheduler_views.h"

namespace loci {
namespace {

using ::testing::HasSubstr;

TEST(Policies, AreFoundByName) {
  const auto found = find_policies({"k-lpm", "fixed", "latest", "guaranteed"});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->order, order_k_lpm);
  EXPECT_EQ(found->chunk, chunk_fixed);
  EXPECT_EQ(found->preempt, preempt_latest);
  EXPECT_EQ(found->admit, admit_guaranteed);
  EXPECT_EQ(*find_preemption_mode("swap"), PreemptionMode::kSwap);
}

TEST(Policies, NamesByDefaultAreThePoliciesByDefault) {
  const SchedulingPolicies defaults;
  const auto found = find_policies({});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->order, defaults.order);
  EXPECT_EQ(found->chunk, defaults.chunk);
  EXPECT_EQ(found->preempt, defaults.preempt);
  EXPECT_EQ(found->admit, defaults.admit);
}

TEST(Policies, UnknownNamesAreRefusedWithWhatThereIs) {
  const auto message = [](const PolicyNames& names) { return find_policies(names).error().message; };
  EXPECT_EQ(message({.order = "random"}),
            "scheduling policy 'random' is none of: fcfs, lpm, k-lpm, priority, srpf, edf, fair");
  EXPECT_THAT(message({.chunk = ""}), HasSubstr("chunking policy '' is none of: fixed, slo"));
  EXPECT_THAT(message({.preempt = "oldest"}), HasSubstr("preemption policy 'oldest'"));
  EXPECT_THAT(message({.admit = "all"}), HasSubstr("admission policy 'all'"));
  EXPECT_EQ(find_preemption_mode("copy").error().message,
            "preemption mode 'copy' is none of: auto, recompute, swap");
}

// Every order: a rank for each that is a number, the same again, and the same whatever was ranked before.
TEST(Policies, OrdersConform) {
  std::mt19937 random(5);
  testing::Scene scene{.tenants = {{}, {.weight = 0.5, .served = 7}}};
  for (int i = 0; i < 50; ++i) {
    SequenceView s = testing::sequence(i, 2 + static_cast<int>(random() % 50), 0);
    s.arrival = testing::at_ms(i / 4);
    s.cached_tokens = static_cast<int>(random()) % 2 == 0 ? s.known_tokens / 2 : 0;
    s.priority = static_cast<int>(random() % 3);
    s.tenant = static_cast<int>(random() % 2);
    scene.waiting.push_back(s);
  }
  OrderScratch used;
  for (const OrderPolicy& policy : order_policies()) {
    std::vector<Candidate> first, second;
    for (const SequenceView& s : scene.waiting)
      first.push_back({&s, false}), second.push_back({&s, false, -1});
    OrderScratch fresh;
    policy.order(scene.view(), testing::at_ms(99), first, fresh);
    policy.order(scene.view(), testing::at_ms(99), second, used);
    for (std::size_t i = 0; i < first.size(); ++i) {
      EXPECT_EQ(first[i].rank, first[i].rank) << policy.name << ": not a number";
      EXPECT_EQ(first[i].rank, second[i].rank) << policy.name;
    }
    policy.order(scene.view(), testing::at_ms(99), {}, used);  // nobody
  }
}

}  // namespace
}  // namespace loci
