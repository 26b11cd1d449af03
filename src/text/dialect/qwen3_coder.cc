// <tool_call><function=f><parameter=p>value</parameter></function></tool_call>: Qwen3-Coder, Qwen3.5,
// Nemotron 3, Step 3.5; Seed-OSS with tags of its own. The first of them leaves <tool_call> out at times.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/xml_call.h"

namespace loci::dialect {
namespace {

Read<bool> read_wrapped(AnswerReader& in, std::string_view close, Edges edges) {
  const int first = co_await skip_space(in);
  bool good = false;
  if (first == '{' || first == '[') {
    good = co_await read_json_calls(in);
  } else {
    good = co_await read_function_tag(in, edges);
  }
  if (!good) co_return false;
  const bool closed = co_await expect_close(in, close);
  co_return closed;
}

/// A call without its wrapper may have the wrapper's end all the same.
Read<bool> read_unwrapped(AnswerReader& in, std::string_view close, Edges edges) {
  const bool good = co_await read_function_rest(in, edges);
  if (!good) co_return false;
  const int next = co_await skip_space(in);
  if (next != '<') co_return true;
  const bool closed = co_await expect_close(in, close);
  co_return closed;
}

constexpr std::string_view kTags[] = {"<tool_call>", "<function="};
constexpr std::string_view kMarkers[] = {"<think>", "</think>", "<tool_call>", "</tool_call>"};

constexpr ReasoningTags kSeedThink[] = {{"<seed:think>", "</seed:think>"}, {"<think>", "</think>"}};
constexpr std::string_view kSeedTags[] = {"<seed:tool_call>", "<function="};
constexpr std::string_view kSeedMarkers[] = {"<seed:think>", "</seed:think>", "<seed:tool_call>",
                                             "</seed:tool_call>"};

constexpr std::string_view kFunctionTags[] = {"<function="};

}  // namespace

constinit const Form kQwen3Coder{
    .reasoning = kThink,
    .call_tags = kTags,
    .read_calls =
        [](AnswerReader& in, int tag) {
          return tag == 0 ? read_wrapped(in, "</tool_call>", Edges::kNewlines)
                          : read_unwrapped(in, "</tool_call>", Edges::kNewlines);
        },
    .markers = kMarkers,
    .forced_begin = "<tool_call>\n<function=",
    .forced_end = ">\n",
};

constinit const Form kSeedOss{
    .reasoning = kSeedThink,
    .call_tags = kSeedTags,
    .read_calls =
        [](AnswerReader& in, int tag) {
          return tag == 0 ? read_wrapped(in, "</seed:tool_call>", Edges::kExact)
                          : read_unwrapped(in, "</seed:tool_call>", Edges::kExact);
        },
    .markers = kSeedMarkers,
    .forced_begin = "<seed:tool_call>\n<function=",
    .forced_end = ">\n",
};

/// Functionary 3.1: <function=f>{"p": value}</function>.
constinit const Form kFunctionary{
    .reasoning = kThink,
    .call_tags = kFunctionTags,
    .read_calls = [](AnswerReader& in, int) { return read_function_rest(in, Edges::kNewlines); },
    .markers = kThinkMarkers,
    .forced_begin = "<function=",
    .forced_end = ">",
};

}  // namespace loci::dialect
