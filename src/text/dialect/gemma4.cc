// <|tool_call>call:f{p:<|"|>text<|"|>,q:[1,2]}<tool_call|>: Gemma 4 writes JSON without quotes around keys,
// and a token of its own for those around strings.
#include "text/dialect/argument_text.h"
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/json_scanner.h"
#include "text/dialect/json_string.h"
#include "text/dialect/tags.h"

namespace loci::dialect {
namespace {

constexpr std::string_view kQuote = "<|\"|>";
constexpr int kMaxDepth = 32;

/// A string, behind its opening quote.
Read<bool> read_string(AnswerReader& in) {
  constexpr std::string_view kTags[] = {kQuote};
  TagMatcher matcher(kTags);
  in.arguments("\"");
  for (;;) {
    const int next = co_await in.next();
    if (next < 0) co_return false;
    std::string text, out;
    const int found = matcher.push(static_cast<char>(next), text);
    append_json_escaped(text, out);
    in.arguments(out);
    if (found >= 0) break;
  }
  in.arguments("\"");
  co_return true;
}

/// A word up to the next of `stops`, not taken.
Read<bool> read_word(AnswerReader& in, std::string_view stops, std::string& word) {
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0 || word.size() > kMaxNameBytes) co_return false;
    if (stops.find(static_cast<char>(next)) != std::string_view::npos) break;
    word += static_cast<char>(next);
    co_await in.next();
  }
  while (!word.empty() && is_space(static_cast<unsigned char>(word.back()))) word.pop_back();
  co_return !word.empty();
}

bool is_json_scalar(std::string_view text) {
  JsonScanner scan;
  auto step = JsonScanner::Step::kWrong;
  for (const char c : text) {
    if (step == JsonScanner::Step::kLast) return false;
    step = scan.push(c);
    if (step == JsonScanner::Step::kWrong || step == JsonScanner::Step::kEnded) return false;
  }
  return step == JsonScanner::Step::kLast || scan.push(' ') == JsonScanner::Step::kEnded;
}

/// A number or word; a word that JSON does not know is a string.
Read<bool> read_scalar(AnswerReader& in) {
  std::string word;
  const bool good = co_await read_word(in, ",}]", word);
  if (!good) co_return false;
  if (word == "None") word = "null";
  if (!is_json_scalar(word)) {
    std::string quoted = "\"";
    append_json_escaped(word, quoted);
    word = quoted + '"';
  }
  in.arguments(word);
  co_return true;
}

Read<bool> read_members(AnswerReader& in, int depth);

Read<bool> read_value(AnswerReader& in, int depth) {
  const int next = co_await skip_space(in);
  bool good = false;
  if (next == '<') {
    good = co_await expect(in, kQuote);
    if (!good) co_return false;
    good = co_await read_string(in);
  } else if (next == '{' || next == '[') {
    good = co_await read_members(in, depth + 1);
  } else {
    good = co_await read_scalar(in);
  }
  co_return good;
}

/// key: with or without quotes, and the colon.
Read<bool> read_key(AnswerReader& in) {
  const int first = co_await skip_space(in);
  if (first == '<') {
    const bool quote = co_await expect(in, kQuote);
    if (!quote) co_return false;
    const bool good = co_await read_string(in);
    if (!good) co_return false;
    co_await skip_space(in);
  } else {
    std::string key, out = "\"";
    const bool good = co_await read_word(in, ":,{}[]", key);
    if (!good) co_return false;
    append_json_escaped(key, out);
    in.arguments(out + '"');
  }
  const bool colon = co_await expect(in, ":");
  if (colon) in.arguments(": ");
  co_return colon;
}

/// An object or array, from its bracket to its bracket.
Read<bool> read_members(AnswerReader& in, int depth) {
  if (depth > kMaxDepth) co_return false;
  const int open = co_await in.next();
  const bool object = open == '{';
  const char close = object ? '}' : ']';
  in.arguments(object ? "{" : "[");
  int next = co_await skip_space(in);
  for (bool first = true; next != close; first = false) {
    if (!first) in.arguments(", ");
    if (object) {
      const bool key = co_await read_key(in);
      if (!key) co_return false;
    }
    const bool value = co_await read_value(in, depth);
    if (!value) co_return false;
    next = co_await skip_space(in);
    if (next != ',' && next != close) co_return false;
    if (next == ',') co_await in.next();
    if (next == ',') next = co_await skip_space(in);
  }
  co_await in.next();
  in.arguments(object ? "}" : "]");
  co_return true;
}

Read<bool> read_call(AnswerReader& in, int /*tag*/) {
  co_await skip_space(in);
  const bool opened = co_await expect(in, "call:");
  if (!opened) co_return false;
  std::string name;
  const bool named = co_await read_word(in, "{<}", name);
  if (!named || !is_plain_name(name)) co_return false;
  const int brace = co_await in.peek();
  if (brace != '{') co_return false;
  in.begin_call(name);
  const bool good = co_await read_members(in, 0);
  if (!good) co_return false;
  in.end_call();
  const bool closed = co_await expect_close(in, "<tool_call|>");
  co_return closed;
}

constexpr ReasoningTags kReasoning[] = {{"<|channel>thought", "<channel|>"}};
constexpr std::string_view kTags[] = {"<|tool_call>"};
constexpr std::string_view kDropped[] = {"<|tool_response>"};
constexpr std::string_view kMarkers[] = {"<|channel>",   "<channel|>", "<|tool_call>",
                                         "<tool_call|>", "<|\"|>",     "<|tool_response>"};

}  // namespace

constinit const Form kGemma4{
    .reasoning = kReasoning,
    .calls_end_reasoning = true,
    .call_tags = kTags,
    .read_calls = read_call,
    .dropped = kDropped,
    .markers = kMarkers,
    .forced_begin = "<|tool_call>call:",
    .forced_end = "{",
};

}  // namespace loci::dialect
