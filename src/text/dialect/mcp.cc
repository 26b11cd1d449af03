// <use_mcp_tool><server_name>s</server_name><tool_name>f</tool_name><arguments>{...}</arguments></use_mcp_tool>:
// MiroThinker, which also knows Hermes' <tool_call>.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/xml_call.h"

namespace loci::dialect {
namespace {

/// <tag>text</tag>, behind white space.
Read<bool> read_field(AnswerReader& in, std::string_view open, std::string_view close, std::string& text) {
  co_await skip_space(in);
  const bool opened = co_await expect(in, open);
  if (!opened) co_return false;
  const bool found = co_await read_until(in, '<', text);
  if (!found || text.empty()) co_return false;
  const bool closed = co_await expect(in, close.substr(1));
  co_return closed;
}

Read<bool> read_call(AnswerReader& in) {
  std::string server, name;
  const bool has_server = co_await read_field(in, "<server_name>", "</server_name>", server);
  if (!has_server) co_return false;
  const bool has_name = co_await read_field(in, "<tool_name>", "</tool_name>", name);
  if (!has_name || !is_plain_name(name)) co_return false;
  co_await skip_space(in);
  const bool arguments = co_await expect(in, "<arguments>");
  if (!arguments) co_return false;
  const int first = co_await skip_space(in);
  if (first != '{') co_return false;
  in.begin_call(name);
  const bool good = co_await read_json_arguments(in);
  if (!good) co_return false;
  in.end_call();
  const bool closed = co_await expect_close(in, "</arguments>");
  co_return closed;
}

Read<bool> read_calls(AnswerReader& in, int /*tag*/) {
  int next = 0;
  do {
    const bool good = co_await read_call(in);
    if (!good) co_return false;
    in.drop_held();
    co_await skip_space(in);
    const bool tag = co_await expect(in, "<");
    next = co_await in.peek();
    if (!tag && next >= 0) co_return false;
    if (!tag) co_return true;
  } while (next == 's');
  const bool closed = co_await expect_close(in, "/use_mcp_tool>");
  co_return closed;
}

constexpr std::string_view kTags[] = {"<use_mcp_tool>", "<tool_call>"};
constexpr std::string_view kMarkers[] = {"<think>", "</think>", "<tool_call>", "</tool_call>"};

}  // namespace

constinit const Form kMcp{
    .reasoning = kThink,
    .call_tags = kTags,
    .read_calls = [](AnswerReader& in,
                     int tag) { return tag == 0 ? read_calls(in, tag) : kHermes.read_calls(in, 0); },
    .markers = kMarkers,
    .forced_begin = "<use_mcp_tool>\n<server_name>tools</server_name>\n<tool_name>",
    .forced_end = "</tool_name>\n<arguments>\n",
};

}  // namespace loci::dialect
