// An engine on the token oracle in virtual time, and what the clients of its requests saw.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/testing/oracle_executor.h"
#include "text/letter_tokenizer.h"

namespace loci::testing {

inline const Tokenizer& letters() {
  static const LetterTokenizer made;
  return made;
}

/// A greedy request of `prompt` tokens; `first` tells prompts apart.
inline Request request_of(int prompt, int output, int first = 3) {
  Request request;
  for (int i = 0; i < prompt; ++i) request.prompt.push_back(3 + (first + i * i) % 50);
  request.max_tokens = output;
  request.ignore_eos = true;
  request.sampling.temperature = 0;
  return request;
}

/// A small engine: 64 blocks of 4 tokens.
inline EngineLimits limits_of(int sequences) {
  return {.max_model_len = 128,
          .step = {.max_sequences = sequences, .max_tokens = 64, .max_logits_rows = sequences},
          .kv_blocks = 64,
          .block_tokens = 4};
}

/// What a request's client saw.
struct Seen {
  std::map<int, std::vector<TokenId>> tokens;  // [choice]
  std::map<int, FinishReason> finish;
  std::string error;  // of the last choice that had one
  Usage usage;
  int last = 0;
};

struct WorldSetup {
  EngineLimits limits;
  SchedulingPolicies policies{};
  SchedulingGoals goals{};
  EvictFunction evict = evict_lru;
  std::vector<TenantShare> tenants{};
  int damage_every = 0;
  std::optional<std::uint64_t> fail_at{};
};

/// Every step takes 10 ms. Each request gets exactly one event with `last`, and none behind it.
class OracleWorld {
 public:
  explicit OracleWorld(const WorldSetup& setup)
      : executor_(setup.limits.kv_blocks, setup.limits.host_blocks, setup.limits.block_tokens,
                  letters().vocab_size()),
        engine_({.tokenizer = letters(),
                 .end_tokens = {2},
                 .executor = executor_,
                 .limits = setup.limits,
                 .policies = setup.policies,
                 .goals = setup.goals,
                 .evict = setup.evict,
                 .tenants = setup.tenants}) {
    executor_.damage_every = setup.damage_every;
    executor_.fail_at = setup.fail_at;
  }

  void submit(int id, const Request& request) {
    Seen& seen = seen_[id];
    engine_.accept(
        RequestId(id), request,
        [&seen](Event&& event) {
          EXPECT_EQ(seen.last, 0) << "an event behind the last";
          EXPECT_FALSE(seen.finish.contains(event.choice)) << "an event behind the finish of a choice";
          for (const OutputToken& token : event.tokens) seen.tokens[event.choice].push_back(token.token);
          if (event.finish) seen.finish[event.choice] = *event.finish;
          if (!event.error.empty()) seen.error = event.error;
          seen.usage = event.usage;
          seen.last += event.last;
        },
        now_);
  }
  void cancel(int id) { engine_.cancel(RequestId(id), now_); }
  void step() {
    engine_.step(now_);
    now_ += std::chrono::milliseconds(10);
    engine_.deliver(now_);
  }
  /// Until nothing is left to do; then all has been given back, and every copy that memory counts was made.
  void finish() {
    for (int i = 0; !engine_.idle(); ++i) {
      ASSERT_LT(i, 200000) << "no end in sight";
      step();
    }
    EXPECT_EQ(engine_.blocks().used(), 0);
    engine_.check_conservation();
    const KvStats& kv = engine_.memory().stats();
    EXPECT_EQ(executor_.copied, kv.demoted_blocks + kv.promoted_blocks + kv.copied_on_write);
  }
  Engine& engine() { return engine_; }
  WaitForecast forecast() {
    WaitForecast forecast;
    engine_.foresee(forecast);
    return forecast;
  }
  double predicted_wait() { return forecast().seconds(); }
  OracleExecutor& executor() { return executor_; }
  std::map<int, Seen>& seen() { return seen_; }
  Time now() const { return now_; }

 private:
  OracleExecutor executor_;
  Engine engine_;
  std::map<int, Seen> seen_;
  Time now_{std::chrono::seconds(1)};
};

/// The tokens of each choice of `request` in an engine of its own, with room for everything.
inline Seen alone(const Request& request) {
  OracleWorld world({.limits = {.max_model_len = 256,
                                .step = {.max_sequences = 8, .max_tokens = 512, .max_logits_rows = 512},
                                .kv_blocks = 256,
                                .block_tokens = 16,
                                .share_prefixes = false}});
  world.submit(0, request);
  world.finish();
  return world.seen().at(0);
}

}  // namespace loci::testing
