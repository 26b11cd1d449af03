// <tool_call>{"name": ..., "arguments": {...}}</tool_call>: Hermes 2 and 3, Qwen 2.5 and 3, and who learned
// from them.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"

namespace loci::dialect {
namespace {

Read<bool> read_calls(AnswerReader& in, int /*tag*/) {
  const bool good = co_await read_json_calls(in);
  if (!good) co_return false;
  const bool closed = co_await expect_close(in, "</tool_call>");
  co_return closed;
}

constexpr std::string_view kTags[] = {"<tool_call>"};

constexpr std::string_view kMarkers[] = {"<think>", "</think>", "<tool_call>", "</tool_call>"};

}  // namespace

constinit const Form kHermes{
    .reasoning = kThink,
    .call_tags = kTags,
    .read_calls = read_calls,
    .markers = kMarkers,
    .forced_begin = "<tool_call>\n{\"name\": \"",
    .forced_end = "\", \"arguments\": ",
};

}  // namespace loci::dialect
