#include "bench/goodput.h"

#include <gtest/gtest.h>

namespace loci::bench {
namespace {

/// An answer with a token at each of the times, asked for at 0.
RequestResult answer(std::vector<double> times) {
  RequestResult result;
  result.output_tokens = static_cast<int>(times.size());
  result.output_counts.assign(times.size(), 1);
  result.output_times = std::move(times);
  result.ended = result.output_times.empty() ? 0 : result.output_times.back();
  return result;
}

RequestResult dropped(std::vector<double> times) {
  RequestResult result = answer(std::move(times));
  result.error_kind = "closed";
  return result;
}

TEST(Goodput, ClassicNeedsEveryLimit) {
  const RequestResult request = answer({0.4, 0.5, 0.6});  // TTFT 400 ms, TPOT 100 ms, E2EL 600 ms
  EXPECT_TRUE(meets(request, {.ttft = 0.4, .tpot = 0.1001, .e2el = 0.6}));
  EXPECT_FALSE(meets(request, {.ttft = 0.39}));
  EXPECT_FALSE(meets(request, {.tpot = 0.09}));
  EXPECT_FALSE(meets(request, {.ttft = 1, .tpot = 1, .e2el = 0.5}));
  EXPECT_TRUE(meets(request, {}));
  EXPECT_TRUE(meets(answer({0.4}), {.tpot = 0})) << "one token has no time between tokens";
  EXPECT_FALSE(meets(dropped({0.1, 0.2}), {.ttft = 1}));
}

TEST(Goodput, CountsFromTheIntendedTime) {
  RequestResult request = answer({2.4, 2.5});
  request.intended = 2;
  request.sent = 2.3;
  EXPECT_TRUE(meets(request, {.ttft = 0.41}));
  EXPECT_FALSE(meets(request, {.ttft = 0.39}));
}

TEST(Goodput, RatesAreOfTheWholeRun) {
  const std::vector<RequestResult> requests{answer({0.1, 0.2}), answer({0.9, 1.0}), dropped({0.1})};
  const Goodput found = goodput(requests, {.ttft = 0.5, .tpot = 0.2}, 4);
  EXPECT_DOUBLE_EQ(found.classic_requests, 0.25);
  EXPECT_DOUBLE_EQ(found.attained, 1.0 / 3);
  // the second request is late by 0.4 s (0.9 - 0.5), which with L = 0.5 s is worth 1 / 1.8
  EXPECT_DOUBLE_EQ(found.smooth_requests, (1 + 1 / 1.8) / 4);
  EXPECT_DOUBLE_EQ(found.smooth_tokens, 2 * (1 + 1 / 1.8) / 4);
}

TEST(Goodput, IdleTimeIsThatOfTheReader) {
  const SmoothGoodputOptions options{.first_token = 1, .reading = 0.1, .halving = 1};
  EXPECT_EQ(idle_seconds(answer({0.9, 1.0, 1.19}), options), 0) << "each token is there when it is due";
  EXPECT_NEAR(idle_seconds(answer({1.5, 1.6, 1.7}), options), 0.5, 1e-12);
  EXPECT_NEAR(idle_seconds(answer({0.2, 0.3, 2.2}), options), 1.0, 1e-12) << "a stall beyond the lead";
  EXPECT_NEAR(idle_seconds(answer({1.5, 1.6, 2.2}), options), 1.0, 1e-12) << "waits do not count twice";
  RequestResult chunks = answer({0.5, 1.55});
  chunks.output_counts = {5, 5};  // the second chunk is due at 1.5
  chunks.output_tokens = 10;
  EXPECT_NEAR(idle_seconds(chunks, options), 0.05, 1e-12);
}

TEST(Goodput, ASchedulerThatGamesTheClassicLosesOnTheSmooth) {
  // Two requests, room for one in time. The honest server answers both; the gamer drops the one that will
  // miss its limit, which makes the other no better.
  const Slo slo{.ttft = 0.5, .tpot = 0.1};
  const std::vector<RequestResult> honest{answer({0.3, 0.4, 0.5}), answer({0.8, 0.9, 1.0})};
  const std::vector<RequestResult> gamer{answer({0.3, 0.4, 0.5}), dropped({})};
  EXPECT_EQ(goodput(honest, slo, 1).classic_requests, goodput(gamer, slo, 1).classic_requests);
  EXPECT_GT(goodput(honest, slo, 1).smooth_requests, goodput(gamer, slo, 1).smooth_requests);
}

TEST(Goodput, HoldingTokensBackNeverHelpsTheSmooth) {
  // A stall of 0.35 s after an early start: sent as they come, the 90th percentile of gaps misses; evenly
  // delayed, it does not. The reader has everything in time both ways, or later in the second.
  const SmoothGoodputOptions options{.first_token = 0.5, .reading = 0.1, .halving = 0.5};
  const RequestResult prompt = answer({0.1, 0.15, 0.2, 0.55, 0.6});
  const RequestResult delayed = answer({0.1, 0.225, 0.35, 0.475, 0.6});
  EXPECT_EQ(worth(prompt, options), worth(delayed, options));
  const RequestResult later = answer({0.6, 0.7, 0.8, 0.9, 1.0});
  EXPECT_LT(worth(later, options), worth(prompt, options));
}

TEST(Slo, ParsesAndRefuses) {
  const auto slo = parse_slo({"ttft:500", "tpot:50.5", "e2el:10000"});
  ASSERT_TRUE(slo);
  EXPECT_EQ(slo->ttft, 0.5);
  EXPECT_EQ(slo->tpot, 0.0505);
  EXPECT_EQ(slo->e2el, 10);
  for (const char* bad :
       {"ttft", "ttft:", "ttft:x", "itl:5", ":5", "", "ttft:-1", "ttft:5s", "ttft:inf", "ttft:nan"}) {
    const auto refused = parse_slo({bad});
    ASSERT_FALSE(refused) << bad;
    EXPECT_TRUE(refused.error().message.starts_with("--goodput: '")) << refused.error().message;
  }
}

}  // namespace
}  // namespace loci::bench
