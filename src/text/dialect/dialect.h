// What a model's answer means: which part of its text is content, which is reasoning, which is a tool call.
// Models write this each in their way (the tags that their chat template shows them), and a Dialect is one
// such way. A Dialect is immutable and lives as long as the program; a parser belongs to one answer and one
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace loci {

/// A piece of one tool call of an answer. The first delta of a call carries its name and, where the dialect
/// writes one, its id; every delta may carry more of its arguments.
struct ToolCallDelta {
  int index = 0;          // counts the calls of an answer from 0
  std::string id;         // where the model itself wrote one before the arguments (Mistral, Kimi); else empty
  std::string name;       // whole, in the call's first delta; empty afterwards
  std::string arguments;  // more of the arguments' JSON text; the concatenation is one JSON object
};

/// What a stretch of the model's text means.
struct AnswerDelta {
  std::string content, reasoning;
  std::vector<ToolCallDelta> tool_calls;  // at most one for each call
};

/// Splits a model's answer into content, reasoning and tool calls while it streams. Feeding the text in any
/// pieces gives the same concatenation as feeding it whole. Time is linear in the text; what is held back is
/// bounded.
///
/// Text that looks like a call and is not one (bad JSON, cut off) comes back as content, as long as the
/// call's first delta has not been given; after that, what was given stays (its arguments are then not whole
/// JSON) and the text from the first wrong byte on is content.
class AnswerParser {
 public:
  virtual ~AnswerParser() = default;
  virtual AnswerDelta feed(std::string_view text) = 0;
  /// The end of the text: what was held back. The parser takes nothing further.
  virtual AnswerDelta finish() = 0;
};

/// A function that the request offers. Its schema gives the types of arguments that a model writes without
/// quotes.
struct OfferedTool {
  std::string name;
  json::object parameters{};  // its JSON schema; empty: unknown
};

struct AnswerOptions {
  bool tools = false;  // the request offers tools: look for calls (else their text is content)
  bool reasoning_open =
      false;  // the prompt ends inside an open thinking block: Dialect::reasoning_open(prompt)
  std::vector<OfferedTool> offered{};  // a call of another name is still a call
};

/// What the ids of calls must look like, so that the model's template takes them back.
enum class CallIds : std::uint8_t { kAny, kNineAlphanumeric };

namespace dialect {
struct Form;
}

/// How a model writes tool calls and reasoning.
struct Dialect {
  std::string_view name;  // "hermes", "llama3", "mistral", ...
  /// Special tokens whose text the parser needs to see; a detokenizer that skips special tokens keeps these.
  std::span<const std::string_view> markers;
  CallIds call_ids = CallIds::kAny;

  std::unique_ptr<AnswerParser> make_parser(const AnswerOptions& options) const;
  /// Text to put behind the rendered prompt so that the answer must be a call of `function`, or, where that
  /// is empty, of any. The parser must be fed this text first. Empty: the dialect has no calls.
  std::string forced_call(std::string_view function, const AnswerOptions& options) const;
  /// Whether an answer to this prompt begins inside a thinking block.
  bool reasoning_open(std::string_view rendered_prompt) const;

  const dialect::Form* form = nullptr;
};

/// The dialect that a chat template shows its model, found by the marks in its source; nullptr: the model
/// answers in plain text.
const Dialect* dialect_of_template(std::string_view chat_template_source);

}  // namespace loci
