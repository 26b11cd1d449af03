// Beam search in the engine, on the embedded model and on the oracle: it finds what a reference finds that
// computes every hypothesis anew, shares its KV, and ends as every request does.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "engine/testing/engine_harness.h"
#include "engine/testing/oracle_world.h"

namespace loci {
namespace {

using testing::default_model;
using testing::encode;
using testing::Harness;
using testing::OracleWorld;
using testing::Received;
using testing::Seen;

Request search_of(std::vector<TokenId> prompt, int beams, int max_tokens) {
  Request request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.choices = beams;
  request.ignore_eos = true;
  request.beams = BeamParams{};
  request.logprobs = 0;
  return request;
}

Received complete(const Request& request, const EngineConfig& config = {}) {
  Harness harness(config);
  harness.submit(request);
  harness.run();
  return harness.received(0);
}

// ---- What is found

struct Reference {
  std::vector<TokenId> tokens;
  std::vector<float> logprobs;
  double sum = 0;
  bool ended = false;

  double score(double penalty) const { return sum / std::pow(static_cast<double>(tokens.size()), penalty); }
};

/// The likeliest tokens behind each hypothesis: a request of its own computes all of it, from the first
/// token, and nothing is kept in between.
std::vector<std::vector<TokenLogprob>> distributions(const std::vector<TokenId>& prompt,
                                                     const std::vector<Reference>& live, int count) {
  Harness harness({.prefix_caching = false});
  std::vector<std::vector<TokenLogprob>> result(live.size());
  for (std::size_t i = 0; i < live.size(); ++i) {
    Request request;
    request.prompt = prompt;
    request.prompt.insert(request.prompt.end(), live[i].tokens.begin(), live[i].tokens.end());
    request.max_tokens = 1;
    request.sampling.temperature = 0;
    request.logprobs = count;
    harness.engine().accept(RequestId(i), request,
                            [&result, i](Event&& event) {
                              for (const OutputToken& token : event.tokens) result[i] = token.logprobs->top;
                            },
                            {});
  }
  while (!harness.engine().idle()) harness.step();
  return result;
}

/// Beam search as its definition has it, to the last token.
std::vector<Reference> reference_search(const Request& request) {
  const auto width = static_cast<std::size_t>(request.choices);
  std::vector<Reference> live(1), finished;
  for (int length = 1; length <= request.max_tokens && !live.empty(); ++length) {
    const int count = request.choices + static_cast<int>(request.stop_token_ids.size());
    const auto likely = distributions(request.prompt, live, count);
    std::vector<Reference> all;
    for (std::size_t i = 0; i < live.size(); ++i)
      for (const TokenLogprob& next : likely[i]) {
        const bool ends =
            std::ranges::find(request.stop_token_ids, next.token) != request.stop_token_ids.end();
        if (ends && length <= request.min_tokens) continue;
        all.push_back(live[i]);
        all.back().tokens.push_back(next.token);
        all.back().logprobs.push_back(next.logprob);
        all.back().sum += next.logprob;
        all.back().ended = ends;
      }
    std::ranges::stable_sort(all, [](const Reference& a, const Reference& b) { return a.sum > b.sum; });
    live.clear();
    for (std::size_t place = 0; place < all.size(); ++place)
      if (all[place].ended) {
        if (place < width) finished.push_back(all[place]);
      } else if (live.size() < width) {
        live.push_back(all[place]);
      }
  }
  finished.insert(finished.end(), live.begin(), live.end());
  std::ranges::stable_sort(finished, [&](const Reference& a, const Reference& b) {
    return a.score(request.beams->length_penalty) > b.score(request.beams->length_penalty);
  });
  finished.resize(width);
  return finished;
}

void expect_found(const Received& received, const std::vector<Reference>& expected) {
  ASSERT_EQ(received.choices.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Received::Choice& choice = received.choices.at(static_cast<int>(i));
    EXPECT_EQ(choice.tokens, expected[i].tokens) << "choice " << i;
    EXPECT_EQ(choice.logprobs, expected[i].logprobs) << "bit for bit";
    EXPECT_EQ(choice.finish, expected[i].ended ? FinishReason::kStop : FinishReason::kLength);
  }
}

TEST(BeamSearchInEngine, FindsWhatAReferenceFindsThatComputesEveryHypothesisAnew) {
  Request request = search_of(encode("Once upon a time there was"), 3, 7);
  expect_found(complete(request), reference_search(request));

  // Tokens that the beams go through, as ends: hypotheses of several lengths compete.
  const Received whole = complete(request);
  for (const int choice : {0, 1, 2}) request.stop_token_ids.push_back(whole.choices.at(choice).tokens.at(3));
  int ended = 0;
  for (const double penalty : {0.0, 1.0, 2.0}) {
    SCOPED_TRACE(penalty);
    request.beams->length_penalty = penalty;
    const std::vector<Reference> expected = reference_search(request);
    ended += static_cast<int>(std::ranges::count(expected, true, &Reference::ended));
    expect_found(complete(request, {.max_num_batched_tokens = 8, .block_size = 2}), expected);
  }
  EXPECT_GT(ended, 0);
  request.min_tokens = 5;
  expect_found(complete(request), reference_search(request));
}

TEST(BeamSearchInEngine, OneBeamIsGreedy) {
  Request greedy;
  greedy.prompt = encode("The old man");
  greedy.max_tokens = 12;
  greedy.ignore_eos = true;
  greedy.sampling.temperature = 0;
  const Received one = complete(search_of(greedy.prompt, 1, 12)), expected = complete(greedy);
  EXPECT_EQ(one.choices.at(0).tokens, expected.choices.at(0).tokens);
  EXPECT_EQ(one.choices.at(0).text, expected.choices.at(0).text);
}

TEST(BeamSearchInEngine, ChoicesAreInOrderOfScoreWithTheirLogprobsAndUsage) {
  Request request = search_of(encode("The old man"), 4, 10);
  request.logprobs = 3;
  request.prompt_logprobs = 1;
  Harness harness({.block_size = 4});
  std::vector<Event> events;
  harness.engine().accept(RequestId(1), request, [&](Event&& event) { events.push_back(std::move(event)); },
                          {});
  while (!harness.engine().idle()) harness.step();
  ASSERT_EQ(events.size(), 4u) << "each hypothesis is one event";
  double before = 0;  // log probabilities are below
  for (int i = 0; i < 4; ++i) {
    const Event& event = events[static_cast<std::size_t>(i)];
    EXPECT_EQ(event.choice, i);
    EXPECT_EQ(event.last, i == 3);
    EXPECT_EQ(event.usage.completion_tokens, 40);
    EXPECT_EQ(event.prompt_logprobs.size(), i == 0 ? request.prompt.size() : 0u);
    ASSERT_EQ(event.tokens.size(), 10u);
    ASSERT_EQ(event.text_ends.size(), 10u);
    EXPECT_EQ(event.text_ends.back(), event.text.size());
    EXPECT_TRUE(std::ranges::is_sorted(event.text_ends));
    EXPECT_EQ(event.text, default_model().tokenizer().decode(
                              [&] {
                                std::vector<TokenId> ids;
                                for (const OutputToken& token : event.tokens) ids.push_back(token.token);
                                return ids;
                              }(),
                              true));
    double sum = 0;
    for (const OutputToken& token : event.tokens) {
      sum += token.logprobs->chosen.logprob;
      EXPECT_EQ(token.logprobs->top.size(), 3u);
      EXPECT_GE(token.logprobs->top[0].logprob, token.logprobs->chosen.logprob);
    }
    EXPECT_LE(sum, before);
    before = sum;
  }
  EXPECT_GT(harness.engine().counters().forks, 0u);
  EXPECT_EQ(harness.engine().counters().generation_tokens, 40u);
}

TEST(BeamSearchInEngine, AStopTokenIsNamedAndStaysOutOfTheText) {
  Request request = search_of(encode("The old man"), 2, 8);
  const Received whole = complete(request);
  const TokenId stop = whole.choices.at(0).tokens.at(4);
  request.stop_token_ids = {stop};
  request.beams->length_penalty = -1;  // the shorter, the better
  const Received stopped = complete(request);
  const Received::Choice& choice = stopped.choices.at(0);
  ASSERT_EQ(choice.finish, FinishReason::kStop);
  EXPECT_EQ(choice.tokens.back(), stop);
  EXPECT_EQ(std::get<TokenId>(choice.stop_reason), stop);
  request.include_stop_in_output = true;
  const std::string with_stop = complete(request).choices.at(0).text;
  EXPECT_GT(with_stop.size(), choice.text.size());
  EXPECT_TRUE(with_stop.starts_with(choice.text));
}

// ---- How it is held

EngineLimits limits_of(int sequences, int blocks) {
  return {.max_model_len = 128,
          .step = {.max_sequences = sequences, .max_tokens = 64, .max_logits_rows = sequences},
          .kv_blocks = blocks,
          .block_tokens = 4};
}

Request oracle_search(int prompt, int beams, int max_tokens) {
  std::vector<TokenId> tokens;
  for (int i = 0; i < prompt; ++i) tokens.push_back(3 + i * i % 50);
  return search_of(std::move(tokens), beams, max_tokens);
}

TEST(BeamSearchInEngine, BeamsShareTheBlocksOfWhatTheyHaveInCommon) {
  OracleWorld world({.limits = limits_of(8, 128)});
  world.submit(0, oracle_search(64, 8, 12));
  int most = 0;
  while (!world.engine().idle()) {
    world.step();
    world.engine().check_conservation();
    most = std::max(most, world.engine().blocks().used());
  }
  world.finish();
  EXPECT_GT(most, 17) << "the beams part";
  EXPECT_LE(most, 16 + 8 * 4) << "apart they would take 8 x 19 blocks";
  EXPECT_GT(world.engine().memory().stats().copied_on_write, 0u);
  EXPECT_EQ(world.engine().counters().preemptions, 0u);
}

TEST(BeamSearchInEngine, MoreBeamsThanSlotsOrBlocksFindTheSame) {
  const Request request = oracle_search(20, 6, 16);
  const Seen expected = testing::alone(request);
  for (const int sequences : {1, 2, 5, 6}) {
    SCOPED_TRACE(sequences);
    OracleWorld world({.limits = limits_of(sequences, 10)});
    world.submit(0, request);
    world.finish();
    EXPECT_EQ(world.seen().at(0).tokens, expected.tokens);
    EXPECT_EQ(world.seen().at(0).last, 1);
    EXPECT_EQ(world.engine().counters().short_plans, 0u);
  }
}

TEST(BeamSearchInEngine, CancelledAtAnyStepItLeavesNothingBehind) {
  for (int steps = 0; steps < 14; ++steps) {
    SCOPED_TRACE(steps);
    OracleWorld world({.limits = limits_of(2, 12)});  // some beams wait, some are preempted
    world.submit(0, oracle_search(12, 4, 8));
    for (int i = 0; i < steps; ++i) world.step();
    world.cancel(0);
    world.cancel(0);
    EXPECT_EQ(world.engine().blocks().used(), 0) << "at once";
    world.step();  // delivers
    world.finish();
    const Seen& seen = world.seen().at(0);
    EXPECT_EQ(seen.last, 1);
    EXPECT_EQ(seen.finish.size(), 4u) << "every choice ends";
  }
}

TEST(BeamSearchInEngine, AFailedStepEndsTheWholeSearchOnce) {
  for (std::uint64_t fail_at = 1; fail_at < 8; ++fail_at) {
    SCOPED_TRACE(fail_at);
    OracleWorld world({.limits = limits_of(3, 64), .fail_at = fail_at});
    world.submit(0, oracle_search(12, 3, 8));
    while (world.executor().runs < fail_at) world.step();
    EXPECT_EQ(world.engine().blocks().used(), 0) << "at once";
    const Request later = oracle_search(8, 2, 8);
    world.submit(1, later);
    world.finish();
    const Seen& failed = world.seen().at(0);
    EXPECT_EQ(failed.last, 1);
    EXPECT_EQ(failed.finish.size(), 3u);
    EXPECT_EQ(failed.finish.at(2), FinishReason::kError);
    EXPECT_TRUE(failed.tokens.empty());
    EXPECT_EQ(world.seen().at(1).tokens, testing::alone(later).tokens);
  }
}

/// Logits that hold no distribution, or one of a single token.
class BrokenExecutor final : public Executor {
 public:
  explicit BrokenExecutor(float all) : all_(all) {}
  StepResult run(const Batch& batch) override {
    logits_.assign(batch.logits_rows.size() * 64, all_);
    if (!std::isnan(all_))
      for (std::size_t row = 0; row < batch.logits_rows.size(); ++row) logits_[row * 64 + 7] = 1;
    return {logits_, 64};
  }

 private:
  float all_;
  std::vector<float> logits_;
};

TEST(BeamSearchInEngine, ABrokenModelIsAnError) {
  const LetterTokenizer tokenizer;
  for (const float all : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    BrokenExecutor executor(all);
    Engine engine(
        {.tokenizer = tokenizer, .end_tokens = {2}, .executor = executor, .limits = limits_of(4, 32)});
    std::vector<Event> events;
    engine.accept(RequestId(1), oracle_search(5, 2, 3),
                  [&](Event&& event) { events.push_back(std::move(event)); }, {});
    for (int i = 0; i < 20 && !engine.idle(); ++i) {
      engine.step({});
      engine.deliver({});
    }
    EXPECT_TRUE(engine.idle());
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[1].finish, FinishReason::kError);
    EXPECT_NE(events[0].error.find("the model's output"), std::string::npos) << events[0].error;
  }
}

}  // namespace
}  // namespace loci
