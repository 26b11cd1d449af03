// An engine on the embedded model, in virtual time, and what its clients receive.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>

#include "engine/engine.h"
#include "engine/engine_parts.h"
#include "engine/loaded_model.h"
#include "engine/local_executor.h"
#include "engine/memory_plan.h"

namespace loci::testing {

/// The embedded model.
inline const LoadedModel& default_model() {
  static const LoadedModel model = [] {
    auto loaded = LoadedModel::load({}, {});
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
    return std::move(*loaded);
  }();
  return model;
}

/// What a client would have received.
struct Received {
  struct Choice {
    std::string text;
    std::vector<TokenId> tokens;
    std::vector<float> logprobs;
    std::vector<std::optional<TokenLogprobs>> prompt_logprobs;
    std::optional<FinishReason> finish;
    std::variant<std::monostate, TokenId, std::string> stop_reason;
  };
  std::map<int, Choice> choices;
  Usage usage;
  int last_events = 0;
  bool after_last = false;

  void add(const Event& event) {
    after_last |= last_events > 0;
    Choice& choice = choices[event.choice];
    EXPECT_FALSE(choice.finish.has_value()) << "an event after the finish of choice " << event.choice;
    choice.text += event.text;
    for (const OutputToken& token : event.tokens) {
      choice.tokens.push_back(token.token);
      if (token.logprobs) choice.logprobs.push_back(token.logprobs->chosen.logprob);
    }
    for (const auto& logprob : event.prompt_logprobs) choice.prompt_logprobs.push_back(logprob);
    choice.finish = event.finish;
    choice.stop_reason = event.stop_reason;
    last_events += event.last ? 1 : 0;
    usage = event.usage;
  }
};

/// An engine in virtual time.
class Harness {
 public:
  explicit Harness(const EngineConfig& config, int threads = 1, kernels::Isa isa = kernels::best_isa()) {
    const Model& model = default_model().model();
    const MemoryPlan plan = plan_memory(model.spec(), 0, model.main_dtype(), config).value();
    executor_ = LocalExecutor::create(model, {plan.kv, plan.kv_blocks, plan.workspace, threads,
                                              kernels::ops_for(isa), plan.host_blocks})
                    .value();
    Engine::Parts parts = engine_parts(default_model(), plan, config, *executor_).value();
    limits_ = parts.limits;
    engine_ = std::make_unique<Engine>(std::move(parts));
  }

  int submit(Request request) {
    const auto valid = validate(request, limits_, default_model().model().spec().vocab_size);
    EXPECT_TRUE(valid.has_value()) << valid.error().message;
    const int number = static_cast<int>(received_.size());
    received_.push_back(std::make_unique<Received>());
    engine_->accept(
        RequestId(number), std::move(request), [r = received_.back().get()](Event&& event) { r->add(event); },
        now());
    return number;
  }
  void step() {
    ++tick_;
    engine_->step(now());
    engine_->deliver(now());
  }
  void cancel(RequestId id) { engine_->cancel(id, now()); }
  void run() {
    for (int i = 0; i == 0 || !engine_->idle(); ++i) {  // once at least: a cancellation may be undelivered
      ASSERT_LT(i, 100000);
      step();
    }
    EXPECT_EQ(engine_->blocks().used(), 0);
    for (const auto& received : received_) {
      EXPECT_EQ(received->last_events, 1);
      EXPECT_FALSE(received->after_last);
    }
  }
  Received& received(int number) { return *received_[static_cast<std::size_t>(number)]; }
  Engine& engine() { return *engine_; }
  const EngineLimits& limits() const { return limits_; }

 private:
  Time now() const { return Time(Duration(tick_)); }

  EngineLimits limits_{};
  std::unique_ptr<LocalExecutor> executor_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<Received>> received_;
  std::int64_t tick_ = 0;
};

inline std::vector<TokenId> encode(std::string_view text) {
  return default_model().tokenizer().encode(text);
}

}  // namespace loci::testing
