// <|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{...}<|tool_call_end|>
// <|tool_calls_section_end|>: Kimi K2. What stands in front of the arguments is the call's id, and has its
// name in it.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/xml_call.h"

namespace loci::dialect {
namespace {

/// "f" of "functions.f:0".
std::string_view name_of(std::string_view id) {
  constexpr std::string_view kPrefix = "functions.";
  if (id.starts_with(kPrefix)) id.remove_prefix(kPrefix.size());
  const std::size_t colon = id.rfind(':');
  const std::string_view number = colon == std::string_view::npos ? "" : id.substr(colon + 1);
  const bool numbered = !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
  return numbered ? id.substr(0, colon) : id;
}

/// Behind <|tool_call_begin|>.
Read<bool> read_call(AnswerReader& in) {
  std::string id;
  co_await skip_space(in);
  const bool found = co_await read_until(in, '<', id);
  if (!found) co_return false;
  while (!id.empty() && is_space(static_cast<unsigned char>(id.back()))) id.pop_back();
  const bool arguments = co_await expect(in, "|tool_call_argument_begin|>");
  const std::string_view name = name_of(id);
  if (!arguments || !is_plain_name(name)) co_return false;
  const int first = co_await skip_space(in);
  if (first != '{') co_return false;
  in.begin_call(name, id);
  const bool good = co_await read_json_arguments(in);
  if (!good) co_return false;
  in.end_call();
  const bool closed = co_await expect_close(in, "<|tool_call_end|>");
  co_return closed;
}

Read<bool> read_section(AnswerReader& in, int /*tag*/) {
  for (;;) {
    const int first = co_await skip_space(in);
    if (first < 0) co_return in.calls() > 0;
    const bool common = co_await expect(in, "<|tool_call");
    if (!common) co_return false;
    const int next = co_await in.peek();
    if (next == 's') break;
    const bool begin = co_await expect(in, "_begin|>");
    if (!begin) co_return false;
    const bool good = co_await read_call(in);
    if (!good) co_return false;
    in.drop_held();
  }
  const bool closed = co_await expect_close(in, "s_section_end|>");
  co_return closed;
}

constexpr ReasoningTags kReasoning[] = {{"<think>", "</think>"}, {"◁think▷", "◁/think▷"}};
constexpr std::string_view kTags[] = {"<|tool_calls_section_begin|>"};
constexpr std::string_view kMarkers[] = {"<think>",
                                         "</think>",
                                         "<|tool_calls_section_begin|>",
                                         "<|tool_calls_section_end|>",
                                         "<|tool_call_begin|>",
                                         "<|tool_call_argument_begin|>",
                                         "<|tool_call_end|>"};

}  // namespace

constinit const Form kKimi{
    .reasoning = kReasoning,
    .calls_end_reasoning = true,
    .call_tags = kTags,
    .read_calls = read_section,
    .markers = kMarkers,
    .forced_begin = "<|tool_calls_section_begin|><|tool_call_begin|>functions.",
    .forced_end = ":0<|tool_call_argument_begin|>",
};

}  // namespace loci::dialect
