// A step that the executor cannot compute: whoever took part in it ends with an error, nobody else notices.
#include <gtest/gtest.h>

#include "engine/testing/oracle_world.h"

namespace loci {
namespace {

using testing::alone;
using testing::limits_of;
using testing::OracleWorld;
using testing::request_of;
using testing::Seen;

void expect_failed(const Seen& seen, const Request& request) {
  const std::vector<TokenId> expected = alone(request).tokens.at(0);
  EXPECT_EQ(seen.last, 1);
  EXPECT_EQ(seen.finish.at(0), FinishReason::kError);
  EXPECT_NE(seen.error.find("injected"), std::string::npos) << seen.error;
  const std::vector<TokenId> got = seen.tokens.contains(0) ? seen.tokens.at(0) : std::vector<TokenId>{};
  ASSERT_LT(got.size(), expected.size());
  EXPECT_TRUE(std::equal(got.begin(), got.end(), expected.begin())) << "what came before was right";
}

void expect_whole(const Seen& seen, const Request& request) {
  EXPECT_EQ(seen.last, 1);
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(seen.tokens, alone(request).tokens);
  EXPECT_EQ(seen.finish.at(0), FinishReason::kLength);
}

TEST(EngineFaults, AFailedStepEndsThoseWhoTookPartInIt) {
  OracleWorld world({.limits = limits_of(2), .fail_at = 4});
  std::vector<Request> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(request_of(10, 8, 7 * i));
  for (int i = 0; i < 4; ++i) world.submit(i, requests[static_cast<std::size_t>(i)]);
  while (world.executor().runs < 4) world.step();
  EXPECT_EQ(world.engine().running(), 0);
  EXPECT_EQ(world.engine().waiting(), 2);
  EXPECT_EQ(world.engine().blocks().used(), 0) << "at once";
  world.engine().check_conservation();

  requests.push_back(request_of(12, 6, 99));
  world.submit(4, requests[4]);
  world.finish();
  for (const int failed : {0, 1})
    expect_failed(world.seen().at(failed), requests[static_cast<std::size_t>(failed)]);
  for (const int whole : {2, 3, 4})
    expect_whole(world.seen().at(whole), requests[static_cast<std::size_t>(whole)]);
  EXPECT_EQ(world.engine().counters().failed_steps, 1u);
}

TEST(EngineFaults, WhoWaitedForThePrefixOfAFailedOneComputesIt) {
  EngineLimits limits = limits_of(4);
  limits.step.max_tokens = 16;
  OracleWorld world({.limits = limits, .fail_at = 2});
  const Request request = request_of(48, 4);
  world.submit(0, request);
  world.step();
  world.submit(1, request);  // waits for blocks that the first is computing
  world.step();
  EXPECT_EQ(world.engine().waiting(), 1);
  world.finish();
  expect_failed(world.seen().at(0), request);
  expect_whole(world.seen().at(1), request);
  EXPECT_EQ(world.seen().at(1).usage.cached_tokens, 16) << "of the step that did not fail";
}

TEST(EngineFaults, ChoicesThatWaitedForAFailedOneGoOn) {
  OracleWorld world({.limits = limits_of(4), .fail_at = 1});
  Request request = request_of(10, 6);
  request.choices = 3;
  request.sampling.temperature = 1;
  request.sampling.seed = 5;
  world.submit(0, request);
  world.finish();
  const Seen &seen = world.seen().at(0), expected = alone(request);
  EXPECT_EQ(seen.last, 1);
  EXPECT_EQ(seen.finish.at(0), FinishReason::kError);
  for (const int choice : {1, 2}) EXPECT_EQ(seen.tokens.at(choice), expected.tokens.at(choice));
}

}  // namespace
}  // namespace loci
