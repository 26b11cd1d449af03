// Llama 3 writes {"name": ..., "parameters": {...}}, bare or behind <|python_tag|>, and calls of its built-in
// tools as
// <|python_tag|>name.call(query="..."); Llama 4 and LFM2 write a Python list of calls, [f(a=1), g(b="x")],
// bare or between tags.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/python_value.h"
#include "text/dialect/xml_call.h"

namespace loci::dialect {
namespace {

/// f(a=1), with ".call" behind the name of a built-in tool.
Read<bool> read_named_call(AnswerReader& in) {
  std::string name;
  const bool named = co_await read_python_name(in, name);
  if (!named) co_return false;
  if (name.ends_with(".call")) name.resize(name.size() - 5);
  const bool good = co_await read_python_call(in, name);
  if (good) in.drop_held();
  co_return good;
}

/// Calls with commas between them, and the ']' behind them.
Read<bool> read_python_items(AnswerReader& in) {
  int next = 0;
  do {
    co_await skip_space(in);
    const bool good = co_await read_named_call(in);
    if (!good) co_return false;
    next = co_await skip_space(in);
    if (next == ',') co_await in.next();
  } while (next == ',');
  const bool closed = co_await expect(in, "]");
  co_return closed;
}

/// A list of calls, in Python or JSON.
Read<bool> read_list(AnswerReader& in, JsonCallKeys keys) {
  co_await in.next();
  const int first = co_await skip_space(in);
  bool good = false;
  if (first == '{') {
    good = co_await read_json_items(in, keys);
  } else {
    good = co_await read_python_items(in);
  }
  co_return good;
}

/// Calls in whatever form they come.
Read<bool> read_any(AnswerReader& in, JsonCallKeys keys) {
  const int first = co_await skip_space(in);
  bool good = false;
  if (first == '[') {
    good = co_await read_list(in, keys);
  } else if (first == '{') {
    good = co_await read_json_calls(in, keys);
  } else {
    good = co_await read_named_call(in);
  }
  co_return good;
}

Read<bool> read_up_to(AnswerReader& in, std::string_view close) {
  const bool good = co_await read_any(in, JsonCallKeys::kAny);
  if (!good) co_return false;
  const bool closed = co_await expect_close(in, close);
  co_return closed;
}

/// Calls on a line each, without brackets.
Read<bool> read_lines(AnswerReader& in, std::string_view close) {
  int next = 0;
  do {
    const bool good = co_await read_any(in, JsonCallKeys::kAny);
    if (!good) co_return false;
    next = co_await skip_space(in);
  } while (next >= 0 && next != '<');
  const bool closed = co_await expect_close(in, close);
  co_return closed;
}

Read<bool> read_llama(AnswerReader& in, int tag) {
  switch (tag) {
    case 0:
      return read_any(in, JsonCallKeys::kAny);
    case 1:
      return read_up_to(in, "<|python_end|>");
    case 2:
      return read_function_rest(in, Edges::kNewlines);
    default:
      return read_any(in, JsonCallKeys::kCallsOnly);
  }
}

constexpr std::string_view kTags[] = {"<|python_tag|>", "<|python_start|>", "<function="};
constexpr std::string_view kMarkers[] = {"<think>", "</think>", "<|python_tag|>", "<|python_start|>",
                                         "<|python_end|>"};
constexpr std::string_view kLfmTags[] = {"<|tool_call_start|>"};
constexpr std::string_view kLfmMarkers[] = {"<think>", "</think>", "<|tool_call_start|>",
                                            "<|tool_call_end|>"};
constexpr std::string_view kOlmoTags[] = {"<function_calls>"};
constexpr std::string_view kOlmoMarkers[] = {"<think>", "</think>", "<function_calls>", "</function_calls>"};
constexpr std::string_view kToolCodeTags[] = {"```tool_code"};

}  // namespace

constinit const Form kLlama3{
    .reasoning = kThink,
    .call_tags = kTags,
    .read_calls = read_llama,
    .bare = "{[",
    .markers = kMarkers,
    .forced_begin = "{\"name\": \"",
    .forced_end = "\", \"parameters\": ",
};

constinit const Form kPythonic{
    .reasoning = kThink,
    .call_tags = kTags,
    .read_calls = read_llama,
    .bare = "[{",
    .markers = kMarkers,
    .forced_begin = "[",
    .forced_end = "(",
};

constinit const Form kLfm2{
    .reasoning = kThink,
    .call_tags = kLfmTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, "<|tool_call_end|>"); },
    .markers = kLfmMarkers,
    .forced_begin = "<|tool_call_start|>[",
    .forced_end = "(",
};

/// Olmo 3.
constinit const Form kFunctionCalls{
    .reasoning = kThink,
    .call_tags = kOlmoTags,
    .read_calls = [](AnswerReader& in, int) { return read_lines(in, "</function_calls>"); },
    .markers = kOlmoMarkers,
    .forced_begin = "<function_calls>",
    .forced_end = "(",
};

/// Gemma 3, where a template teaches it.
constinit const Form kToolCode{
    .call_tags = kToolCodeTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, "```"); },
    .forced_begin = "```tool_code\n",
    .forced_end = "(",
};

}  // namespace loci::dialect
