// <tool_call>f<arg_key>p</arg_key><arg_value>value</arg_value></tool_call>: GLM 4.5 and later, with newlines
// between the tags up to 4.6.
#include "text/dialect/argument_text.h"
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"

namespace loci::dialect {
namespace {

/// The text in front of the next '<', without white space around it.
Read<bool> read_up_to_tag(AnswerReader& in, std::string& text) {
  co_await skip_space(in);
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0 || text.size() > kMaxNameBytes) co_return false;
    if (next == '<') break;
    text += static_cast<char>(next);
    co_await in.next();
  }
  while (!text.empty() && is_space(static_cast<unsigned char>(text.back()))) text.pop_back();
  co_return !text.empty();
}

/// A key and its value, behind "<arg_key".
Read<bool> read_argument(AnswerReader& in, ArgumentsWriter& arguments, const std::string& function) {
  const bool opened = co_await expect(in, ">");
  if (!opened) co_return false;
  std::string key;
  const bool has_key = co_await read_up_to_tag(in, key);
  if (!has_key) co_return false;
  const bool key_end = co_await expect(in, "</arg_key>");
  if (!key_end) co_return false;
  co_await skip_space(in);
  const bool value = co_await expect(in, "<arg_value>");
  if (!value) co_return false;
  arguments.key(key);
  const ArgumentKind kind = argument_kind(in.options(), function, key);
  const bool good = co_await read_argument_text(in, "</arg_value>", kind, Edges::kExact);
  co_return good;
}

/// A word and the white space around it; the next byte is then a '<'.
Read<bool> read_function_name(AnswerReader& in, std::string& name) {
  co_await skip_space(in);
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0 || next == '<' || is_space(next)) break;
    if (name.size() == kMaxNameBytes) co_return false;
    name += static_cast<char>(next);
    co_await in.next();
  }
  const int next = co_await skip_space(in);
  co_return next == '<' && is_plain_name(name);
}

Read<bool> read_call(AnswerReader& in, int /*tag*/) {
  std::string name;
  const bool named = co_await read_function_name(in, name);
  if (!named) co_return false;
  std::optional<ArgumentsWriter> arguments;
  for (;;) {
    co_await skip_space(in);
    const bool tag = co_await expect(in, "<");
    if (!tag) co_return false;
    const int next = co_await in.peek();
    if (next == '/') break;
    const bool key = co_await expect(in, "arg_key");
    if (!key) co_return false;
    if (!arguments) {
      in.begin_call(name);
      arguments.emplace(in);
    }
    const bool good = co_await read_argument(in, *arguments, name);
    if (!good) co_return false;
  }
  const bool closed = co_await expect(in, "/tool_call>");
  if (!closed) co_return false;
  if (!arguments) {
    in.begin_call(name);
    arguments.emplace(in);
  }
  arguments->end();
  in.end_call();
  co_return true;
}

constexpr std::string_view kTags[] = {"<tool_call>"};
constexpr std::string_view kMarkers[] = {"<think>",   "</think>",   "<tool_call>", "</tool_call>",
                                         "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"};

}  // namespace

constinit const Form kGlm{
    .reasoning = kThink,
    .call_tags = kTags,
    .read_calls = read_call,
    .markers = kMarkers,
    .forced_begin = "<tool_call>",
    .forced_end = "",
};

constinit const Form kGlm45{
    .reasoning = kThink,
    .call_tags = kTags,
    .read_calls = read_call,
    .markers = kMarkers,
    .forced_begin = "<tool_call>",
    .forced_end = "\n",
};

}  // namespace loci::dialect
