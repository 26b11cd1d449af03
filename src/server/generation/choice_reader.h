// Reads one choice's text as the model's dialect means it: content, reasoning, tool calls.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/dialect/dialect.h"

namespace loci {

/// How the answers to a chat are to be read.
struct AnswerSyntax {
  const Dialect* dialect = nullptr;  // nullptr: all text is content
  AnswerOptions options{};
  std::string begun{};         // the beginning of the answer, which stands in the prompt (a forced call)
  bool parallel_calls = true;  // else only the first call counts
  std::string_view call_id_prefix = "call_";
};

class ChoiceReader {
 public:
  /// `syntax` must outlive the reader.
  explicit ChoiceReader(const AnswerSyntax& syntax);

  /// The text that became complete with `tokens` tokens; `last`: the choice ends with it. Every call's first
  /// delta has a name and an id.
  AnswerDelta read(std::string_view text, int tokens, bool last);

  /// Tokens so far whose text was reasoning, the marks around it not all counted.
  int reasoning_tokens() const { return reasoning_tokens_; }

 private:
  void count(const AnswerDelta& delta, int tokens);
  void count_rest();
  void finish_calls(std::vector<ToolCallDelta>& calls) const;

  const AnswerSyntax* syntax_;
  std::unique_ptr<AnswerParser> parser_;  // null: plain text
  bool begun_ = false;
  bool in_reasoning_ = false;  // what came out last was reasoning alone
  int undecided_tokens_ = 0;   // nothing of whose text has come out
  int reasoning_tokens_ = 0;
};

/// An id for a call: the prefix and 24 hexadecimal digits, or what the dialect's template asks for.
std::string new_call_id(CallIds kind, std::string_view prefix);

}  // namespace loci
