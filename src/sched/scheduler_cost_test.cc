// What planning costs: no allocation once the buffers have grown, and so many microseconds (printed by `make
// soak`; a test asserts no time).
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>

#include "sched/scheduler.h"
#include "testing/count_allocations.h"
#include "testing/scheduler_views.h"
#include "testing/soak.h"

namespace loci {
namespace {

using testing::allocations;
using testing::at_ms;
using testing::Scene;

/// Many that decode, some in the middle of their prompt, as many again that wait.
Scene busy(int running, int waiting) {
  Scene scene{
      .free_blocks = 20 * running, .limits = {running + 8, 2048, running + 8}, .tenants = {{}, {}, {}}};
  scene.block_tokens = 16;
  scene.cost = testing::fitted(10e-3, 100e-6);
  for (int i = 0; i < running + waiting; ++i) {
    const bool runs = i < running;
    SequenceView s =
        testing::sequence(i, 300 + i % 200, runs ? 299 + i % 200 - (i % 20 == 0 ? 250 : 0) : 0, 16);
    s.prompt_tokens = 200;
    s.tokens_to_come = 50 + i % 300;
    s.tenant = i % 3;
    s.priority = i % 2;
    if (!runs) s.cached_tokens = i % 7 * 16;
    (runs ? scene.running : scene.waiting).push_back(s);
  }
  scene.goals.expected_output = 150;
  return scene;
}

template <class Visit>
void each_combination(Visit visit) {
  for (const OrderPolicy& order : order_policies())
    for (const ChunkPolicy& chunk : chunk_policies())
      for (const AdmitPolicy& admit : admit_policies())
        visit(SchedulingPolicies{order.order, chunk.budget, preempt_cost, admit.blocks_needed},
              fmt::format("{} {} {}", order.name, chunk.name, admit.name));
}

TEST(SchedulerCost, SteadyPlansAllocateNothing) {
  const Scene scene = busy(64, 64), short_of_memory = [] {
    Scene s = busy(64, 64);
    s.free_blocks = 0;
    s.tenants[0].max_blocks = 1000;
    return s;
  }();
  Planner planner;
  StepPlan plan;
  each_combination([&](const SchedulingPolicies& policies, const std::string& names) {
    const auto plan_both = [&] {
      planner.plan(scene.view(), policies, at_ms(500), plan);
      planner.plan(short_of_memory.view(), policies, at_ms(500), plan);
    };
    plan_both();
    EXPECT_FALSE(plan.preempts.empty());
    const long before = allocations;
    for (int i = 0; i < 10; ++i) plan_both();
    EXPECT_EQ(allocations - before, 0) << names;
  });
}

TEST(SchedulerCost, MicrosecondsOfAPlan) {
  if (testing::rounds(0, 1) == 0) GTEST_SKIP() << "prints times under `make soak`";
  using Clock = std::chrono::steady_clock;
  for (const int running : {32, 1000})
    for (const int waiting : {0, 1000}) {
      const Scene scene = busy(running, waiting);
      Planner planner;
      StepPlan plan;
      each_combination([&](const SchedulingPolicies& policies, const std::string& names) {
        std::vector<double> us;
        for (int i = 0; i < 201; ++i) {
          const auto begin = Clock::now();
          planner.plan(scene.view(), policies, at_ms(500), plan);
          us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
        }
        std::ranges::nth_element(us, us.begin() + 100);
        std::printf("%4d running, %4d waiting, %-36s %7.1f us\n", running, waiting, names.c_str(), us[100]);
      });
    }
}

}  // namespace
}  // namespace loci
