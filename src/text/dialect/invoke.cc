// <invoke name="f"><parameter name="p">value</parameter></invoke> in a block of calls: MiniMax-M2, and
// DeepSeek V3.2 and V4, who prefix all tags with a special token and say of each parameter whether it is a
// string.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/xml_call.h"

namespace loci::dialect {
namespace {

/// The tags of a dialect of this kind.
struct InvokeTags {
  std::string_view invoke, invoke_end, parameter, parameter_end, block_end_1, block_end_2;
};

/// What stands between a parameter's name and its '>'.
ArgumentKind kind_from(std::string_view attributes, ArgumentKind schema) {
  if (attributes.find("string=\"true\"") != std::string_view::npos) return ArgumentKind::kString;
  if (attributes.find("string=\"false\"") != std::string_view::npos) return ArgumentKind::kJson;
  return schema;
}

/// name="..." up to the '>' of its tag.
Read<bool> read_name(AnswerReader& in, std::string& name, std::string& attributes) {
  const bool named = co_await read_until(in, '"', name);
  if (!named || name.empty()) co_return false;
  const bool closed = co_await read_until(in, '>', attributes);
  co_return closed;
}

/// One call behind its opening tag's name=".
Read<bool> read_invoke(AnswerReader& in, const InvokeTags& tags) {
  std::string function, attributes;
  const bool named = co_await read_name(in, function, attributes);
  if (!named || !is_plain_name(function)) co_return false;
  in.begin_call(function);
  ArgumentsWriter arguments(in);
  for (;;) {
    co_await skip_space(in);
    const bool tag = co_await expect(in, "<");
    if (!tag) co_return false;
    const int next = co_await in.peek();
    if (next == '/') break;
    std::string parameter, more;
    const bool is_parameter = co_await expect(in, tags.parameter.substr(1));
    if (!is_parameter) co_return false;
    const bool good = co_await read_name(in, parameter, more);
    if (!good) co_return false;
    arguments.key(parameter);
    const ArgumentKind kind = kind_from(more, argument_kind(in.options(), function, parameter));
    const bool value = co_await read_argument_text(in, tags.parameter_end, kind, Edges::kExact);
    if (!value) co_return false;
  }
  const bool closed = co_await expect(in, tags.invoke_end.substr(1));
  if (!closed) co_return false;
  arguments.end();
  in.end_call();
  co_return true;
}

Read<bool> read_block(AnswerReader& in, const InvokeTags& tags, std::string_view block_end) {
  for (;;) {
    const int first = co_await skip_space(in);
    if (first < 0) co_return in.calls() > 0;
    const bool tag = co_await expect(in, "<");
    if (!tag) co_return false;
    const int next = co_await in.peek();
    if (next == '/') break;
    const bool invoke = co_await expect(in, tags.invoke.substr(1));
    if (!invoke) co_return false;
    const bool good = co_await read_invoke(in, tags);
    if (!good) co_return false;
  }
  const bool closed = co_await expect_close(in, block_end.substr(1));
  co_return closed;
}

constexpr InvokeTags kDsml{"<｜DSML｜invoke name=\"",    "</｜DSML｜invoke>",
                           "<｜DSML｜parameter name=\"", "</｜DSML｜parameter>",
                           "</｜DSML｜function_calls>",  "</｜DSML｜tool_calls>"};
constexpr InvokeTags kPlain{"<invoke name=\"",      "</invoke>",
                            "<parameter name=\"",   "</parameter>",
                            "</minimax:tool_call>", "</minimax:tool_call>"};

constexpr std::string_view kDsmlTags[] = {"<｜DSML｜function_calls>", "<｜DSML｜tool_calls>"};
constexpr std::string_view kDsmlMarkers[] = {"<think>", "</think>", "｜DSML｜"};
constexpr std::string_view kMiniMaxTags[] = {"<minimax:tool_call>"};
constexpr std::string_view kMiniMaxMarkers[] = {"<think>", "</think>", "<minimax:tool_call>",
                                                "</minimax:tool_call>"};

Read<bool> read_dsml(AnswerReader& in, int tag) {
  return read_block(in, kDsml, tag == 0 ? kDsml.block_end_1 : kDsml.block_end_2);
}

}  // namespace

constinit const Form kDeepSeekV32{
    .reasoning = kThink,
    .calls_end_reasoning = true,
    .call_tags = kDsmlTags,
    .read_calls = read_dsml,
    .markers = kDsmlMarkers,
    .forced_begin = "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"",
    .forced_end = "\">\n",
};

constinit const Form kDeepSeekV4{
    .reasoning = kThink,
    .calls_end_reasoning = true,
    .call_tags = kDsmlTags,
    .read_calls = read_dsml,
    .markers = kDsmlMarkers,
    .forced_begin = "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"",
    .forced_end = "\">\n",
};

constinit const Form kMiniMax{
    .reasoning = kThink,
    .calls_end_reasoning = true,
    .call_tags = kMiniMaxTags,
    .read_calls = [](AnswerReader& in, int) { return read_block(in, kPlain, kPlain.block_end_1); },
    .markers = kMiniMaxMarkers,
    .forced_begin = "<minimax:tool_call>\n<invoke name=\"",
    .forced_end = "\">\n",
};

}  // namespace loci::dialect
