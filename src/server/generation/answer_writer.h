// What an API makes of an answer: the engine's progress comes in, choice by choice, and leaves as one body or
// as a stream of events, in the shape of that API.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/request.h"
#include "server/api_error.h"
#include "text/dialect/dialect.h"

namespace loci {

using PromptLogprobs = std::vector<std::optional<TokenLogprobs>>;  // [prompt tokens], the first empty

/// What one or more steps added to a choice.
struct ChoicePart {
  int index = 0;                    // of the choice: prompt * n + choice
  AnswerDelta delta;                // of a plain completion: content alone
  std::vector<OutputToken> tokens;  // that the text came from, if log probabilities are wanted
  const PromptLogprobs* prompt_logprobs = nullptr;  // in the choice's first part, if the request wants them
  std::optional<FinishReason> finish;
  std::variant<std::monostate, TokenId, std::string> stop_reason;
};

struct AnswerUsage {
  Usage tokens;
  int reasoning_tokens = 0;  // of the completion's: those whose text was reasoning
};

/// Lives on the connection's strand. Calls come in this order: begin, add for each part (those of a choice in
/// order, its last has `finish`), then end or, at any time after begin, fail; nothing afterwards.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  /// The requests have been accepted. `prompt_tokens`: of all prompts.
  virtual void begin(int prompt_tokens) = 0;
  virtual void add(ChoicePart&& part) = 0;
  virtual void end(const AnswerUsage& usage) = 0;
  virtual void fail(const ApiError& error) = 0;
};

/// Adds what came later.
void append(AnswerDelta& to, AnswerDelta&& more);
bool is_empty(const AnswerDelta& delta);

}  // namespace loci
