// [TOOL_CALLS][{"name": ..., "arguments": {...}}] up to Mistral Nemo; [TOOL_CALLS]name[CALL_ID]id[ARGS]{...}
// since Mistral Small 3.2, where [CALL_ID] and the id may be absent. Their templates demand ids of nine
// letters or digits.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"

namespace loci::dialect {
namespace {

/// The text in front of the next '[' or '{', without white space around it.
Read<bool> read_word(AnswerReader& in, std::string& word) {
  co_await skip_space(in);
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0 || word.size() > kMaxNameBytes) co_return false;
    if (next == '[' || next == '{') break;
    word += static_cast<char>(next);
    co_await in.next();
  }
  while (!word.empty() && is_space(static_cast<unsigned char>(word.back()))) word.pop_back();
  co_return is_plain_name(word);
}

Read<bool> read_named_call(AnswerReader& in) {
  std::string name, id;
  const bool named = co_await read_word(in, name);
  if (!named) co_return false;
  int next = co_await in.peek();
  if (next == '[') {
    co_await in.next();
    next = co_await in.peek();
    if (next == 'C') {
      const bool tag = co_await expect(in, "CALL_ID]");
      if (!tag) co_return false;
      const bool has_id = co_await read_word(in, id);
      if (!has_id) co_return false;
      const bool bracket = co_await expect(in, "[");
      if (!bracket) co_return false;
    }
    const bool arguments = co_await expect(in, "ARGS]");
    if (!arguments) co_return false;
  }
  next = co_await skip_space(in);
  if (next != '{') co_return false;
  in.begin_call(name, id);
  const bool good = co_await read_json_arguments(in);
  if (good) in.end_call();
  co_return good;
}

Read<bool> read_calls(AnswerReader& in, int /*tag*/) {
  const int first = co_await skip_space(in);
  bool good = false;
  if (first == '[' || first == '{') {
    good = co_await read_json_calls(in);
  } else {
    good = co_await read_named_call(in);
  }
  co_return good;
}

constexpr ReasoningTags kReasoning[] = {{"[THINK]", "[/THINK]"}, {"<think>", "</think>"}};
constexpr std::string_view kTags[] = {"[TOOL_CALLS]"};
constexpr std::string_view kMarkers[] = {"[THINK]", "[/THINK]", "[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"};

}  // namespace

constinit const Form kMistral{
    .reasoning = kReasoning,
    .calls_end_reasoning = true,
    .call_tags = kTags,
    .read_calls = read_calls,
    .markers = kMarkers,
    .forced_begin = "[TOOL_CALLS]",
    .forced_end = "[ARGS]",
    .call_ids = CallIds::kNineAlphanumeric,
};

constinit const Form kMistralJson{
    .reasoning = kReasoning,
    .calls_end_reasoning = true,
    .call_tags = kTags,
    .read_calls = read_calls,
    .markers = kMarkers,
    .forced_begin = "[TOOL_CALLS][{\"name\": \"",
    .forced_end = "\", \"arguments\": ",
    .call_ids = CallIds::kNineAlphanumeric,
};

}  // namespace loci::dialect
