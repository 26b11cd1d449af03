// What the engine costs a step besides the batch itself: no allocation while sequences decode, and so many
// microseconds (printed by `make soak`; a test asserts no time).
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>

#include "engine/testing/oracle_world.h"
#include "testing/count_allocations.h"
#include "testing/soak.h"

namespace loci {
namespace {

using Clock = std::chrono::steady_clock;
using testing::letters;

/// Names a token for each row and computes nothing; knows how long it was at work.
class QuickExecutor final : public Executor {
 public:
  StepResult run(const Batch& batch) override {
    const auto begin = Clock::now();
    const auto vocab = static_cast<std::size_t>(letters().vocab_size());
    logits_.assign(batch.logits_rows.size() * vocab, 0);
    for (std::size_t i = 0; i < batch.logits_rows.size(); ++i)
      logits_[i * vocab + 3 + (i + ++runs_) % (vocab - 3)] = 1;
    busy += Clock::now() - begin;
    return {logits_, static_cast<int>(vocab)};
  }
  Clock::duration busy{};

 private:
  std::vector<float> logits_;
  std::size_t runs_ = 0;
};

/// `sequences` requests that decode, on a large pool, with the default policies. Their prompts begin with
/// `shared` tokens that are the same; what follows is each one's own.
class Decoding {
 public:
  static constexpr int kSteps = 400;

  explicit Decoding(int sequences, int shared = 0)
      : engine_({.tokenizer = letters(),
                 .end_tokens = {2},
                 .executor = executor_,
                 .limits = {.max_model_len = 1024,
                            .step = {.max_sequences = sequences,
                                     .max_tokens = 2 * sequences + 64,
                                     .max_logits_rows = sequences},
                            .kv_blocks = 64 * sequences,
                            .block_tokens = 16}}) {
    for (int i = 0; i < sequences; ++i) {
      Request request;
      request.prompt.assign(static_cast<std::size_t>(shared), 5);
      for (int p = i; p > 0; p /= 50) request.prompt.push_back(3 + p % 50);
      for (int p = 0; p < 16 + i % 7; ++p) request.prompt.push_back(3 + (i + p * p) % 50);
      request.max_tokens = kSteps + 64;
      request.ignore_eos = true;
      request.sampling.temperature = 0;
      engine_.accept(
          RequestId(i), std::move(request), [this](Event&& event) { tokens += event.tokens.size(); }, now_);
    }
    while (engine_.running() < sequences || tokens < static_cast<std::size_t>(16 * sequences)) step();
  }
  ~Decoding() {
    engine_.cancel_all(now_);
    engine_.deliver(now_);
  }

  void step() {
    engine_.step(now_);
    now_ += std::chrono::milliseconds(10);
    engine_.deliver(now_);
  }
  /// Microseconds of a step outside of the executor, the median.
  double microseconds() {
    std::vector<double> us;
    for (int i = 0; i < kSteps; ++i) {
      const auto busy = executor_.busy;
      const auto begin = Clock::now();
      step();
      us.push_back(
          std::chrono::duration<double, std::micro>(Clock::now() - begin - (executor_.busy - busy)).count());
    }
    std::ranges::nth_element(us, us.begin() + kSteps / 2);
    return us[kSteps / 2];
  }

  std::size_t tokens = 0;

 private:
  QuickExecutor executor_;
  Engine engine_;
  Time now_{std::chrono::seconds(1)};
};

TEST(EngineCost, SteadyDecodingAllocatesNothing) {
  for (const auto& [sequences, shared] : {std::pair(32, 0), std::pair(1000, 0), std::pair(100, 64)}) {
    Decoding decoding(sequences, shared);
    const std::size_t tokens = decoding.tokens;
    const long before = testing::allocations;
    for (int i = 0; i < 40; ++i) decoding.step();  // two and a half blocks of each
    EXPECT_EQ(testing::allocations - before, 0) << sequences << " sequences";
    EXPECT_EQ(decoding.tokens - tokens, static_cast<std::size_t>(40 * sequences));
  }
}

TEST(EngineCost, MicrosecondsOfAStep) {
  if (testing::rounds(0, 1) == 0) GTEST_SKIP() << "prints times under `make soak`";
  for (const int shared : {0, 256})
    for (const int sequences : {1, 32, 1000}) {
      Decoding decoding(sequences, shared);
      std::printf("%4d decoding, behind %3d shared tokens: %7.1f us a step beside the batch\n", sequences,
                  shared, decoding.microseconds());
    }
}

}  // namespace
}  // namespace loci
