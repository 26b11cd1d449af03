// Calls as JSON behind a tag: {"name": ..., "arguments": {...}}, one, several or an array of them. The
// dialects of this kind differ in their tags and keys alone.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/xml_call.h"

namespace loci::dialect {
namespace {

Read<bool> read_up_to(AnswerReader& in, std::string_view close) {
  const bool good = co_await read_json_calls(in);
  if (!good) co_return false;
  const bool closed = co_await expect_close(in, close);
  co_return closed;
}

/// Inside <tool_call>. Some of the models that were taught JSON fall back to XML at times.
Read<bool> read_tool_call(AnswerReader& in) {
  const int first = co_await skip_space(in);
  bool good = false;
  if (first == '<') {
    good = co_await read_function_tag(in, Edges::kNewlines);
  } else {
    good = co_await read_json_calls(in);
  }
  if (!good) co_return false;
  const bool closed = co_await expect_close(in, "</tool_call>");
  co_return closed;
}

constexpr std::string_view kThenArguments = "\", \"arguments\": ";

constexpr std::string_view kHermesTags[] = {"<tool_call>"};
constexpr std::string_view kHermesMarkers[] = {"<think>", "</think>", "<tool_call>", "</tool_call>"};

constexpr std::string_view kToolCallsTags[] = {"<tool_calls>"};
constexpr std::string_view kToolCallsMarkers[] = {"<think>", "</think>", "<tool_calls>", "</tool_calls>"};

constexpr ReasoningTags kAprielReasoning[] = {{"Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"},
                                              {"<think>", "</think>"}};
constexpr std::string_view kAprielDropped[] = {"[END FINAL RESPONSE]"};
constexpr std::string_view kAprielMarkers[] = {"<tool_calls>", "</tool_calls>", "[BEGIN FINAL RESPONSE]",
                                               "[END FINAL RESPONSE]"};

constexpr std::string_view kNemotronTags[] = {"<TOOLCALL>"};
constexpr std::string_view kNemotronMarkers[] = {"<think>", "</think>", "<TOOLCALL>", "</TOOLCALL>"};

constexpr ReasoningTags kGraniteReasoning[] = {{"Here is my thought process:", "Here is my response:"},
                                               {"<think>", "</think>"}};
constexpr std::string_view kGraniteTags[] = {"<|tool_call|>", "<tool_call>"};
constexpr std::string_view kGraniteDropped[] = {"<response>", "</response>"};
constexpr std::string_view kGraniteMarkers[] = {"<think>",        "</think>",    "<|tool_call|>",
                                                "<|/tool_call|>", "<tool_call>", "</tool_call>"};

constexpr std::string_view kFunctoolsTags[] = {"functools"};

constexpr ReasoningTags kCohereReasoning[] = {{"<|START_THINKING|>", "<|END_THINKING|>"}};
constexpr std::string_view kCohereTags[] = {"<|START_ACTION|>"};
constexpr std::string_view kCohereDropped[] = {"<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>",
                                               "<|END_TEXT|>"};
constexpr std::string_view kCohereMarkers[] = {"<|START_THINKING|>", "<|END_THINKING|>",   "<|START_ACTION|>",
                                               "<|END_ACTION|>",     "<|START_RESPONSE|>", "<|END_RESPONSE|>",
                                               "<|START_TEXT|>",     "<|END_TEXT|>"};

constexpr std::string_view kActionTags[] = {"Action: ```json", "Action:\n```json"};

constexpr std::string_view kGigaChatTags[] = {"<|function_call|>", "function call<|role_sep|>"};
constexpr std::string_view kGigaChatDropped[] = {"<|message_sep|>"};
constexpr std::string_view kGigaChatMarkers[] = {"<|function_call|>", "<|role_sep|>", "<|message_sep|>"};

Read<bool> read_gigachat(AnswerReader& in, int /*tag*/) {
  return read_up_to(in, "<|message_sep|>");
}

constexpr std::string_view kInternLmTags[] = {"<|action_start|><|plugin|>", "<|action_start|> <|plugin|>"};
constexpr std::string_view kInternLmMarkers[] = {"<|action_start|>", "<|plugin|>", "<|action_end|>"};

}  // namespace

constinit const Form kReasoningOnly{.reasoning = kThink, .markers = kThinkMarkers};

/// As first released, DeepSeek-R1 writes no opening tag, and its template shows none.
constinit const Form kThinksUnasked{.reasoning = kThink, .thinks_unasked = true, .markers = kThinkMarkers};

/// Hermes 2 and 3, Qwen 2.5 and 3, and who learned from them.
constinit const Form kHermes{
    .reasoning = kThink,
    .call_tags = kHermesTags,
    .read_calls = [](AnswerReader& in, int) { return read_tool_call(in); },
    .markers = kHermesMarkers,
    .forced_begin = "<tool_call>\n{\"name\": \"",
    .forced_end = kThenArguments,
};

/// Jamba, Hunyuan, MiniMax-M1.
constinit const Form kToolCalls{
    .reasoning = kThink,
    .call_tags = kToolCallsTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, "</tool_calls>"); },
    .markers = kToolCallsMarkers,
    .forced_begin = "<tool_calls>[{\"name\": \"",
    .forced_end = kThenArguments,
};

constinit const Form kApriel{
    .reasoning = kAprielReasoning,
    .call_tags = kToolCallsTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, "</tool_calls>"); },
    .dropped = kAprielDropped,
    .markers = kAprielMarkers,
    .forced_begin = "<tool_calls>[{\"name\": \"",
    .forced_end = kThenArguments,
};

/// Llama-Nemotron and Nemotron Nano 2.
constinit const Form kNemotron{
    .reasoning = kThink,
    .call_tags = kNemotronTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, "</TOOLCALL>"); },
    .markers = kNemotronMarkers,
    .forced_begin = "<TOOLCALL>[{\"name\": \"",
    .forced_end = kThenArguments,
};

/// Granite 3 and Phi-4-mini; the latter closes its tag.
constinit const Form kGranite{
    .reasoning = kGraniteReasoning,
    .call_tags = kGraniteTags,
    .read_calls = [](AnswerReader& in,
                     int tag) { return read_up_to(in, tag == 0 ? "<|/tool_call|>" : "</tool_call>"); },
    .dropped = kGraniteDropped,
    .markers = kGraniteMarkers,
    .forced_begin = "<|tool_call|>[{\"name\": \"",
    .forced_end = kThenArguments,
};

/// FireFunction: functools[{...}, ...], without a closing tag.
constinit const Form kFunctools{
    .call_tags = kFunctoolsTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, ""); },
    .forced_begin = "functools[{\"name\": \"",
    .forced_end = kThenArguments,
};

/// Command R7B, Command A. Their call ids count the calls of the prompt, so that the template makes them
/// anew.
constinit const Form kCohere{
    .reasoning = kCohereReasoning,
    .calls_end_reasoning = true,
    .call_tags = kCohereTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, "<|END_ACTION|>"); },
    .dropped = kCohereDropped,
    .markers = kCohereMarkers,
    .forced_begin = "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"",
    .forced_end = "\", \"parameters\": ",
};

/// Command R+.
constinit const Form kCohereAction{
    .call_tags = kActionTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, "```"); },
    .forced_begin = "Action: ```json\n[\n    {\n        \"tool_name\": \"",
    .forced_end = "\",\n        \"parameters\": ",
};

/// GigaChat 3 calls in a message of a role of its own, 3.1 behind a tag.
constinit const Form kGigaChat3{
    .reasoning = kThink,
    .call_tags = kGigaChatTags,
    .read_calls = read_gigachat,
    .dropped = kGigaChatDropped,
    .markers = kGigaChatMarkers,
    .forced_begin = "<|message_sep|>\n\nfunction call<|role_sep|>\n{\"name\": \"",
    .forced_end = kThenArguments,
};

constinit const Form kGigaChat31{
    .reasoning = kThink,
    .call_tags = kGigaChatTags,
    .read_calls = read_gigachat,
    .dropped = kGigaChatDropped,
    .markers = kGigaChatMarkers,
    .forced_begin = "<|function_call|>{\"name\": \"",
    .forced_end = kThenArguments,
};

/// InternLM 2 and 3.
constinit const Form kInternLm{
    .reasoning = kThink,
    .call_tags = kInternLmTags,
    .read_calls = [](AnswerReader& in, int) { return read_up_to(in, "<|action_end|>"); },
    .markers = kInternLmMarkers,
    .forced_begin = "<|action_start|><|plugin|>\n{\"name\": \"",
    .forced_end = "\", \"parameters\": ",
};

}  // namespace loci::dialect
