// What the engine learns from its steps and from the requests that end, and who waits for whose prefix.
#include <gtest/gtest.h>

#include "engine/testing/oracle_world.h"

namespace loci {
namespace {

using testing::limits_of;
using testing::OracleWorld;
using testing::request_of;

TEST(EngineObservation, OnlyWhoComesToHisEndSaysHowMuchIsGenerated) {
  OracleWorld world({.limits = limits_of(4), .fail_at = 14});
  EXPECT_EQ(world.engine().expected_output(), 0);
  world.submit(0, request_of(10, 8));
  world.finish();
  EXPECT_DOUBLE_EQ(world.engine().expected_output(), 8);

  world.submit(1, request_of(10, 50, 7));
  for (int i = 0; i < 3; ++i) world.step();
  world.cancel(1);
  world.finish();
  EXPECT_DOUBLE_EQ(world.engine().expected_output(), 8) << "cancelled";

  world.submit(2, request_of(10, 50, 11));
  world.finish();
  EXPECT_EQ(world.seen().at(2).finish.at(0), FinishReason::kError);
  EXPECT_DOUBLE_EQ(world.engine().expected_output(), 8) << "failed";

  world.submit(3, request_of(10, 28, 13));
  world.finish();
  EXPECT_DOUBLE_EQ(world.engine().expected_output(), 9) << "a twentieth of the way from 8 to 28";
}

TEST(EngineObservation, CancellationsDoNotShortenTheWaitOfTheOthers) {
  OracleWorld world({.limits = limits_of(1)});
  for (int i = 0; i < 12; ++i) world.submit(i, request_of(6, 9, 5 * i));
  while (world.engine().waiting() > 8) world.step();
  const double wait = world.predicted_wait();
  EXPECT_NEAR(wait, 9 * 0.09, 0.02) << "nine end before it, each after nine steps of 10 ms";
  for (int i = 8; i < 12; ++i) world.cancel(i);
  world.step();
  ASSERT_LT(world.engine().waiting(), 8);
  EXPECT_NEAR(wait - world.predicted_wait(), (8 - world.engine().waiting()) * 0.09 + 0.01, 0.02);
  world.finish();
}

TEST(EngineObservation, WithAllSlotsTakenTheFirstToWaitWaitsForAnEnd) {
  OracleWorld world({.limits = limits_of(4)});
  world.submit(0, request_of(6, 40));
  for (int i = 0; i < 5; ++i) world.step();
  EXPECT_EQ(world.predicted_wait(), 0) << "three slots are free";
  for (int i = 1; i < 4; ++i) world.submit(i, request_of(6, 60, 5 * i));
  world.step();
  world.step();
  ASSERT_EQ(world.engine().waiting(), 0);
  EXPECT_NEAR(world.predicted_wait(), 0.34, 0.02) << "the first has that many steps to go";
  world.submit(4, request_of(6, 20, 25));
  EXPECT_NEAR(world.predicted_wait(), 0.59, 0.02) << "and then the others";
  world.finish();
}

TEST(EngineObservation, OneThatWasFoundInMemoryDoesNotMakeAllExpectedThere) {
  OracleWorld world({.limits = limits_of(2)});
  for (int i = 0; i < 8; ++i) {
    world.submit(i, request_of(40, 2, 7 * i + 3));
    world.finish();
  }
  EXPECT_EQ(world.forecast().usually_cached, 0);
  world.submit(8, request_of(40, 2, 7 * 7 + 3));
  world.finish();
  ASSERT_GT(world.seen().at(8).usage.cached_tokens, 30);
  EXPECT_GT(world.forecast().usually_cached, 0);
  EXPECT_LT(world.forecast().usually_cached, 0.2);
}

// A batch file may be days of work: who comes online goes before it.
TEST(EngineObservation, OfflineWorkThatWaitsLetsNobodyWait) {
  OracleWorld world({.limits = limits_of(1)});
  for (int i = 0; i < 12; ++i) {
    Request request = request_of(6, 9, 5 * i);
    request.service = Service::kOffline;
    world.submit(i, request);
  }
  world.step();
  world.step();
  ASSERT_GT(world.engine().waiting(), 8);
  EXPECT_LT(world.predicted_wait(), 0.1) << "one slot";
  world.finish();
}

TEST(EngineObservation, AFailedStepTeachesTheCostModelNothing) {
  OracleWorld world({.limits = limits_of(2), .fail_at = 6});
  for (int i = 0; i < 4; ++i) world.submit(i, request_of(10, 8, 7 * i));
  world.finish();
  const EngineCounters& counters = world.engine().counters();
  EXPECT_EQ(counters.failed_steps, 1u);
  EXPECT_EQ(world.engine().cost().observations(), counters.steps - 1);
}

// An offline batch whose prompts begin alike computes the beginning once.
TEST(EngineObservation, OfflineWorkWaitsForThePrefixOfOfflineWork) {
  OracleWorld world({.limits = limits_of(8)});  // 64 tokens a step
  Request request = request_of(110, 2);
  request.service = Service::kOffline;
  world.submit(0, request);
  world.step();
  world.submit(1, request);
  world.step();
  EXPECT_EQ(world.engine().running(), 1);
  world.finish();
  EXPECT_EQ(world.seen().at(1).usage.cached_tokens, 108) << "all but the last block";
  EXPECT_EQ(world.seen().at(1).tokens, world.seen().at(0).tokens);
}

TEST(EngineObservation, APrefixThatSeveralBringAtOnceIsComputedOnce) {
  OracleWorld world({.limits = limits_of(8)});  // 64 tokens a step, blocks of 4
  for (int i = 0; i < 3; ++i) {
    Request request = request_of(48, 2);
    request.prompt.resize(44);
    request.prompt.push_back(3 + i);
    world.submit(i, request);
  }
  world.submit(3, request_of(16, 2, 11));  // begins otherwise
  world.step();
  EXPECT_EQ(world.engine().running(), 2);
  world.finish();
  EXPECT_EQ(world.seen().at(0).usage.cached_tokens, 0);
  for (const int i : {1, 2}) EXPECT_EQ(world.seen().at(i).usage.cached_tokens, 44);
  EXPECT_EQ(world.engine().counters().computed_tokens, 45u + 16 + 2 * 1 + 4);
}

TEST(EngineObservation, OnlineWorkDoesNotWaitForThePrefixOfOfflineWork) {
  OracleWorld world({.limits = limits_of(8)});  // 64 tokens a step
  Request offline = request_of(110, 2), online = offline;
  offline.service = Service::kOffline;
  world.submit(0, offline);
  world.step();
  world.submit(1, online);
  world.step();
  EXPECT_EQ(world.engine().running(), 2);
  world.finish();
  EXPECT_EQ(world.seen().at(1).usage.cached_tokens, 64) << "of the step before it came";
}

// A fair order serves `light` its half, and so its wait is its own queue's, at half speed.
TEST(EngineObservation, WhoAsksForLittleIsNotPredictedToWaitForWhoAsksForMuch) {
  const auto waits = [](OrderFunction order) {
    OracleWorld world({.limits = limits_of(1),
                       .policies = {.order = order},
                       .tenants = {{.name = "light"}, {.name = "heavy"}}});
    for (int i = 0; i < 12; ++i) {
      Request request = request_of(6, 9, 5 * i);
      request.tenant = "heavy";
      world.submit(i, request);
    }
    while (world.engine().waiting() > 8) world.step();
    EXPECT_NEAR(world.forecast().seconds_of("heavy"), world.predicted_wait(), 1e-9);
    EXPECT_NEAR(world.forecast().seconds_of("heavy"), 9 * 0.09, 0.05);
    const double before = world.forecast().seconds_of("light");
    Request request = request_of(6, 9, 1);
    request.tenant = "light";
    world.submit(100, request);
    const double behind_one = world.forecast().seconds_of("light");
    world.finish();
    return std::pair(before, behind_one);
  };
  const auto [fair, fair_behind_one] = waits(order_fair);
  EXPECT_NEAR(fair, 0.09, 0.02) << "one must end";
  EXPECT_NEAR(fair_behind_one, 3 * 0.09, 0.02) << "its own, and one of the other's";
  const auto [fcfs, fcfs_behind_one] = waits(order_fcfs);
  EXPECT_NEAR(fcfs, 9 * 0.09, 0.05);
  EXPECT_GT(fcfs_behind_one, fcfs);
}

// A replica that comes up again reports where the one before it did.
TEST(Tenants, AReportHoldsNothingOfTheOneBefore) {
  std::vector<TenantStats> report;
  Tenants({{.name = "a"}, {.name = "b"}, {.name = "c"}}).report(report);
  ASSERT_EQ(report.size(), 4u);
  Tenants({{.name = "d"}}).report(report);
  ASSERT_EQ(report.size(), 2u);
  EXPECT_EQ(report[1].name, "d");
}

TEST(Tenants, APauseEarnsOneBurstAndNoMore) {
  Tenants tenants({{.name = "a"}, {.name = "b"}});
  const int a = tenants.find("a"), b = tenants.find("b");
  const auto served = [&](int tenant) { return tenants.views()[static_cast<std::size_t>(tenant)].served; };
  tenants.begin_request(a);
  tenants.serve(a, 1000, 0);
  tenants.begin_request(b);
  EXPECT_EQ(served(b), 0);
  tenants.end_request(b);
  tenants.serve(a, 0, 50'000);
  tenants.begin_request(b);
  EXPECT_EQ(served(b), served(a) - Tenants::kCredit);
}

}  // namespace
}  // namespace loci
