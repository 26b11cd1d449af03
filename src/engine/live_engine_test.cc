// The live engine: many threads submit and cancel, one thread steps.
#include "engine/live_engine.h"

#include <condition_variable>
#include <gtest/gtest.h>
#include <latch>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "engine/loaded_model.h"
#include "testing/soak.h"

namespace loci {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

const LoadedModel& default_model() {
  static const LoadedModel model = LoadedModel::load({}, {}).value();
  return model;
}

Request request_of(int tokens, std::uint64_t seed = 1) {
  Request request;
  request.prompt = default_model().tokenizer().encode("Once upon a time");
  request.max_tokens = tokens;
  request.ignore_eos = true;
  request.sampling.seed = seed;
  return request;
}

/// Collects a request's tokens and waits for its end.
class Listener {
 public:
  EventSink sink() {
    return [this](Event&& event) {
      const std::lock_guard lock(mutex_);
      for (const OutputToken& token : event.tokens) tokens_.push_back(token.token);
      if (event.finish) finish_ = event.finish;
      ended_ += event.last ? 1 : 0;
      changed_.notify_all();
    };
  }
  bool wait_for_end() {
    return wait([this] { return ended_ > 0; });
  }
  bool wait_for_token() {
    return wait([this] { return !tokens_.empty(); });
  }
  std::vector<TokenId> tokens() {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }
  FinishReason finish() {
    const std::lock_guard lock(mutex_);
    return finish_.value();
  }
  int ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TokenId> tokens_;
  std::optional<FinishReason> finish_;
  int ended_ = 0;
};

std::unique_ptr<LiveEngine> start(const EngineConfig& config = {}) {
  return LiveEngine::start(default_model(), config).value();
}

TEST(LiveEngine, AnswersAndIsEmptyAfterwards) {
  Listener listener;
  const auto engine = start();
  ASSERT_TRUE(engine->submit(request_of(8), listener.sink()).has_value());
  ASSERT_TRUE(listener.wait_for_end());
  EXPECT_EQ(listener.tokens().size(), 8u);
  EXPECT_EQ(engine->stats().kv_blocks_used, 0) << "free when the last event has come";
  EXPECT_EQ(engine->stats().counters.generation_tokens, 8u);
  EXPECT_TRUE(engine->drain(0ms));
}

TEST(LiveEngine, ManyThreadsGetTheTokensOfOneAlone) {
  Listener alone;
  const auto engine = start({.max_num_seqs = 8, .max_num_batched_tokens = 32});
  ASSERT_TRUE(engine->submit(request_of(24), alone.sink()).has_value());
  ASSERT_TRUE(alone.wait_for_end());
  std::vector<Listener> listeners(24);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < listeners.size(); i += 4)
        EXPECT_TRUE(engine->submit(request_of(24, 1 + i % 3), listeners[i].sink()).has_value());
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    ASSERT_TRUE(listeners[i].wait_for_end());
    if (i % 3 == 0) {
      EXPECT_EQ(listeners[i].tokens(), alone.tokens());
    }
  }
}

TEST(LiveEngine, CancelEndsWithAbortAndMayComeTwiceOrLate) {
  Listener listener;
  const auto engine = start();
  const auto id = engine->submit(request_of(1000), listener.sink());
  ASSERT_TRUE(id.has_value());
  ASSERT_TRUE(listener.wait_for_token());
  engine->cancel(*id);
  engine->cancel(*id);
  ASSERT_TRUE(listener.wait_for_end());
  EXPECT_EQ(listener.finish(), FinishReason::kAbort);
  engine->cancel(*id);
  EXPECT_TRUE(engine->drain(10s));
  EXPECT_EQ(listener.ended(), 1);
  EXPECT_EQ(engine->stats().kv_blocks_used, 0);
}

TEST(LiveEngine, FullQueueRefuses) {
  std::vector<Listener> listeners(3);  // outlive the engine
  const auto engine = start({.max_num_seqs = 1, .max_queued_requests = 1});
  int refused = 0;
  for (Listener& listener : listeners) {
    const auto id = engine->submit(request_of(1000), listener.sink());
    if (id) continue;
    ++refused;
    EXPECT_EQ(id.error().code, ErrorCode::kResourceExhausted);
  }
  EXPECT_EQ(refused, 1) << "one runs, one waits";
}

TEST(LiveEngine, CloseRefusesButLetsRunningOnesFinish) {
  Listener running, late;
  const auto engine = start();
  ASSERT_TRUE(engine->submit(request_of(30), running.sink()).has_value());
  engine->close();
  const auto refused = engine->submit(request_of(5), late.sink());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(engine->drain(60s));
  EXPECT_EQ(running.tokens().size(), 30u);
}

TEST(LiveEngine, AStoppedEngineRefusesAndStillAnswersQuestions) {
  Listener listener, late;
  const auto engine = start();
  const auto id = engine->submit(request_of(1000), listener.sink());
  engine->stop();
  engine->stop();
  EXPECT_EQ(listener.finish(), FinishReason::kAbort);
  EXPECT_EQ(engine->submit(request_of(5), late.sink()).error().code, ErrorCode::kUnavailable);
  engine->cancel(*id);
  EXPECT_EQ(engine->stats().kv_blocks_used, 0);
  EXPECT_TRUE(engine->making_progress());
  EXPECT_TRUE(engine->drain(0ms));
}

TEST(LiveEngine, DestructionAbortsWhatStillRuns) {
  Listener listener;
  start()->submit(request_of(1000), listener.sink()).value();
  EXPECT_EQ(listener.ended(), 1);
  EXPECT_EQ(listener.finish(), FinishReason::kAbort);
}

// A step that does not end is told by making_progress(), and so by /health/ready.
TEST(LiveEngine, AStalledStepIsNoticed) {
  const auto engine = start({.stall_timeout = 20ms});
  EXPECT_TRUE(engine->making_progress()) << "idle is no stall";
  std::latch entered(1), released(1);
  const auto id = engine->submit(request_of(2), [&, first = true](Event&&) mutable {
    if (!std::exchange(first, false)) return;
    entered.count_down();
    released.wait();
  });
  ASSERT_TRUE(id.has_value());
  entered.wait();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (engine->making_progress() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_FALSE(engine->making_progress());
  released.count_down();
  EXPECT_TRUE(engine->drain(60s));
  EXPECT_TRUE(engine->making_progress());
}

TEST(LiveEngine, RandomSubmitsAndCancelsFromManyThreadsLeaveNothing) {
  const int requests = testing::rounds(40, 20000);
  constexpr int kThreads = 3;
  std::vector<std::vector<Listener>> listeners(kThreads);
  const auto engine = start({.max_num_seqs = 6, .max_num_batched_tokens = 24});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    listeners[static_cast<std::size_t>(t)] = std::vector<Listener>(static_cast<std::size_t>(requests));
    threads.emplace_back([&, t] {
      std::minstd_rand random(static_cast<unsigned>(t) + 1);
      for (Listener& listener : listeners[static_cast<std::size_t>(t)]) {
        const auto id =
            engine->submit(request_of(1 + static_cast<int>(random() % 40), random()), listener.sink());
        if (id && random() % 3 == 0) engine->cancel(*id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(engine->drain(600s));
  for (auto& list : listeners)
    for (Listener& listener : list) EXPECT_EQ(listener.ended(), 1);
  EXPECT_EQ(engine->stats().kv_blocks_used, 0);
}

}  // namespace
}  // namespace loci
