#include "engine/queue_gate.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

Request request_of(int prompt, std::string tenant = {}, Service service = Service::kOnline) {
  Request request;
  request.prompt.assign(static_cast<std::size_t>(prompt), 1);
  request.tenant = std::move(tenant);
  request.service = service;
  return request;
}

/// Of a machine that computes 1,000 tokens a second, whatever they are, with free slots enough.
WaitForecast forecast_of_prompts() {
  WaitForecast forecast;
  forecast.free_slots = 1000;
  for (int i = 0; i < 40; ++i)
    for (const int count : {100, 200, 400}) {
      StepWork work;
      work.add_slice(0, count);
      forecast.cost.observe(work, count * 1e-3);
    }
  return forecast;
}

class QueueGates : public ::testing::Test {
 protected:
  void renew(QueueGate& gate, const WaitForecast& forecast) {
    gate.renew([&](WaitForecast& out) { out = forecast; });
  }
};

TEST_F(QueueGates, RequestsThatComeWithinOneStepSeeEachOther) {
  QueueGate gate({.max_delay = 2});
  renew(gate, forecast_of_prompts());
  int accepted = 0;
  std::string refusal;
  double after = 0;
  for (int i = 0; i < 100; ++i) {
    if (const auto entered = gate.enter(request_of(100)); entered) {
      ++accepted;
    } else {
      refusal = entered.error().message;
      after = entered.error().retry_after;
      EXPECT_EQ(entered.error().code, ErrorCode::kResourceExhausted);
    }
  }
  EXPECT_NEAR(accepted, 20, 2) << "two seconds of prompts";
  EXPECT_NE(refusal.find("--max-queue-delay"), std::string::npos) << refusal;
  EXPECT_GT(after, 0);
  EXPECT_LT(after, 0.3);
  EXPECT_EQ(gate.pending(), accepted);
}

TEST_F(QueueGates, WhatTheEngineHasTakenIsCountedOnce) {
  QueueGate gate({.max_delay = 2});
  renew(gate, forecast_of_prompts());
  const Request early = request_of(700), late = request_of(300);
  ASSERT_TRUE(gate.enter(early));
  const double behind_early = gate.wait();
  gate.taken("", arrival_of(early));
  EXPECT_DOUBLE_EQ(gate.wait(), behind_early) << "until the engine has said what it makes of it";
  ASSERT_TRUE(gate.enter(late));

  WaitForecast next = forecast_of_prompts();
  next.waiting.add(0, 700, 1);
  renew(gate, next);
  EXPECT_NEAR(gate.wait(), 1.0, 0.05) << "both";
  gate.taken("", arrival_of(late));
  renew(gate, forecast_of_prompts());
  EXPECT_EQ(gate.wait(), 0);
  EXPECT_EQ(gate.pending(), 2);
  gate.leave("");
  gate.leave("");
  EXPECT_EQ(gate.pending(), 0);
}

TEST_F(QueueGates, OfPromptsThatComeAsMuchIsExpectedToBeCachedAsUsual) {
  QueueGate gate({.max_delay = 2});
  WaitForecast forecast = forecast_of_prompts();
  forecast.usually_cached = 0.9;
  renew(gate, forecast);
  int accepted = 0;
  for (int i = 0; i < 300; ++i) accepted += gate.enter(request_of(100)).has_value();
  EXPECT_NEAR(accepted, 200, 20);
}

TEST_F(QueueGates, OfflineWorkIsNeitherRefusedForItsWaitNorInTheWayOfOthers) {
  QueueGate gate({.max_pending = 100, .max_delay = 2});
  renew(gate, forecast_of_prompts());
  for (int i = 0; i < 99; ++i) ASSERT_TRUE(gate.enter(request_of(1000, "", Service::kOffline)));
  EXPECT_EQ(gate.wait(), 0);
  EXPECT_TRUE(gate.enter(request_of(100)));
  const auto refused = gate.enter(request_of(100));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("the queue is full: 100 requests"), std::string::npos);
}

// A tenant whose first requests come within the step shares with those that the engine serves already.
TEST_F(QueueGates, ATenantThatTheEngineDoesNotKnowYetHasItsShareAndNoMore) {
  WaitForecast forecast = forecast_of_prompts();
  forecast.fair = true;
  forecast.tenants = {{.name = "busy", .active = true}};
  forecast.tenants[0].waiting.add(0, 4000, 1);
  forecast.waiting.add(0, 4000, 1);
  QueueGate gate({});
  renew(gate, forecast);
  ASSERT_TRUE(gate.enter(request_of(1000, "new")));
  EXPECT_NEAR(gate.wait_of("new"), 2.0, 0.1) << "a second of prompts at half speed";
}

// A queue that one tenant has filled is full for the others only as far as they filled it too.
TEST_F(QueueGates, ATenantLeavesRoomForTheOthers) {
  WaitForecast forecast = forecast_of_prompts();
  forecast.tenants = {{.name = ""}, {.name = "light"}, {.name = "heavy"}};
  QueueGate gate({.max_pending = 900});
  renew(gate, forecast);
  int heavy = 0;
  while (gate.enter(request_of(1, "heavy"))) ++heavy;
  EXPECT_EQ(heavy, 800) << "eight times what is left";
  EXPECT_NE(gate.enter(request_of(1, "heavy")).error().message.find("800 of its 800"), std::string::npos);
  int light = 0;
  while (gate.enter(request_of(1, "light"))) ++light;
  EXPECT_GE(light, 80);
  EXPECT_LE(gate.pending(), 900);

  QueueGate of_one({.max_pending = 900});
  renew(of_one, forecast_of_prompts());
  int all = 0;
  while (of_one.enter(request_of(1))) ++all;
  EXPECT_EQ(all, 900) << "nobody to leave room for";
}

}  // namespace
}  // namespace loci
