// A model that says what a test wants: its logits make the tokens of a script the likeliest, whatever the
// prompt was. So an answer in any dialect goes through the engine, the detokenizer and HTTP token by token.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string_view>
#include <vector>

#include "engine/executor.h"
#include "engine/loaded_model.h"

namespace loci::testing {

class ScriptedExecutor final : public Executor {
 public:
  explicit ScriptedExecutor(const LoadedModel& model)
      : model_(model), vocab_(static_cast<std::size_t>(model.model().spec().vocab_size)) {}

  /// Answers that begin from now on are this text, then the end of the turn. From any thread.
  void say(std::string_view text) {
    std::vector<TokenId> tokens = model_.tokenizer().encode(text, {.add_special_tokens = false});
    tokens.push_back(model_.end_tokens().front());
    const std::lock_guard lock(mutex_);
    script_ = std::move(tokens);
  }

  StepResult run(const Batch& batch) override {
    logits_.assign(batch.logits_rows.size() * vocab_, 0.0f);
    for (std::size_t i = 0; i < batch.tokens.size(); ++i)
      if (batch.positions[i] == 0) begin(batch, i);
    for (std::size_t row = 0; row < batch.logits_rows.size(); ++row)
      logits_[row * vocab_ + static_cast<std::size_t>(next_token(batch, batch.logits_rows[row]))] = 100.0f;
    return {logits_, static_cast<int>(vocab_)};
  }

 private:
  struct Answer {
    std::vector<TokenId> script;
    int first_position = -1;  // whose distribution is the script's first token; -1: not yet seen
  };

  /// A sequence holds its first block as long as it runs.
  Answer& answer_of(const Batch& batch, int row) {
    const int sequence = batch.sequences[static_cast<std::size_t>(row)];
    return answers_[batch.tables[static_cast<std::size_t>(sequence)][0]];
  }
  void begin(const Batch& batch, std::size_t row) {
    const std::lock_guard lock(mutex_);
    answer_of(batch, static_cast<int>(row)) = {script_, -1};
  }
  TokenId next_token(const Batch& batch, int row) {
    Answer& answer = answer_of(batch, row);
    const int position = batch.positions[static_cast<std::size_t>(row)];
    if (answer.first_position < 0) answer.first_position = position;
    const auto at = static_cast<std::size_t>(position - answer.first_position);
    return answer.script[std::min(at, answer.script.size() - 1)];
  }

  const LoadedModel& model_;
  const std::size_t vocab_;
  std::mutex mutex_;
  std::vector<TokenId> script_;              // of answers that begin
  std::map<std::uint32_t, Answer> answers_;  // by first block
  std::vector<float> logits_;
};

}  // namespace loci::testing
