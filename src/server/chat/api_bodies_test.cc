// The bodies of /v1/responses and /v1/messages: the messages that they become, and a table of what is
// refused.
#include <gtest/gtest.h>

#include "server/anthropic/parse_messages.h"
#include "server/api_error.h"
#include "server/responses/parse_responses.h"

namespace loci {
namespace {

const ParseContext kContext{.defaults = {}, .vocab_size = 512};

Result<ResponsesRequest> response(std::string_view body) {
  LOCI_TRY(const json::object object, parse_body(body));
  return parse_responses_request(object, kContext);
}
Result<ChatRequest> message(std::string_view body) {
  LOCI_TRY(const json::object object, parse_body(body));
  return parse_messages_request(object, kContext);
}

/// The messages, without the names that reasoning has a second and third time.
template <class T>
json::array messages_of(const Result<T>& request) {
  EXPECT_TRUE(request.has_value()) << request.error().message;
  if (!request) return {};
  json::array messages;
  if constexpr (std::is_same_v<T, ChatRequest>) {
    messages = request->conversation.messages;
  } else {
    messages = request->chat.conversation.messages;
  }
  for (json::value& one : messages) {
    one.as_object().erase("reasoning");
    one.as_object().erase("thinking");
  }
  return messages;
}

json::value call(const char* id, const char* name, json::object arguments) {
  return json::object{{"id", id},
                      {"type", "function"},
                      {"function", json::object{{"name", name}, {"arguments", std::move(arguments)}}}};
}

TEST(ResponsesRequest, ItemsBecomeTurns) {
  const auto request = response(R"({"instructions": "Be brief.", "input": [
      {"role": "developer", "content": "Be kind."},
      {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
      {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
      {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Two:", "annotations": []}]},
      {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{\"x\": 1}"},
      {"type": "function_call", "call_id": "2", "name": "g", "arguments": ""},
      {"type": "function_call_output", "call_id": "1", "output": "one"},
      {"type": "function_call_output", "call_id": "2", "output": [{"type": "input_text", "text": "two"}]},
      {"role": "assistant", "content": "Done."}]})");
  const json::array expected{
      json::object{{"role", "system"}, {"content", "Be brief.\n\nBe kind."}},
      json::object{{"role", "user"}, {"content", "a\nb"}},
      json::object{{"role", "assistant"},
                   {"content", "Two:"},
                   {"reasoning_content", "Hm."},
                   {"tool_calls", json::array{call("1", "f", {{"x", 1}}), call("2", "g", {})}}},
      json::object{{"role", "tool"}, {"content", "one"}, {"tool_call_id", "1"}, {"name", "f"}},
      json::object{{"role", "tool"}, {"content", "two"}, {"tool_call_id", "2"}, {"name", "g"}},
      json::object{{"role", "assistant"}, {"content", "Done."}}};
  EXPECT_EQ(messages_of(request), expected);
}

TEST(ResponsesRequest, SettingsReachTheRequestAndTheAnswer) {
  const auto request = response(R"({"input": "x", "max_output_tokens": 5, "temperature": 0.5, "store": true,
      "reasoning": {"effort": "low", "summary": "auto"}, "text": {"format": {"type": "text"}, "verbosity": "low"},
      "metadata": {"a": "b"}, "include": ["reasoning.encrypted_content"], "truncation": "disabled", "stream": true,
      "tools": [{"type": "web_search"}, {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": true}],
      "tool_choice": {"type": "function", "name": "f"}, "parallel_tool_calls": false, "previous_response_id": null})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->chat.generation.max_tokens, 5);
  EXPECT_TRUE(request->chat.generation.stream);
  EXPECT_EQ(request->chat.conversation.tools.size(), 1u) << "what OpenAI itself would run is skipped";
  EXPECT_EQ(request->chat.conversation.extra, (json::object{{"reasoning_effort", "low"}}));
  EXPECT_EQ(request->chat.tool_choice.function, "f");
  EXPECT_FALSE(request->chat.parallel_tool_calls);
  EXPECT_EQ(request->shown.at("tools").at(0).at("name"), "f");
  EXPECT_EQ(request->shown.at("metadata"), (json::object{{"a", "b"}}));
  EXPECT_EQ(request->shown.at("store"), false) << "nothing is stored";
}

TEST(MessagesRequest, BlocksBecomeTurns) {
  const auto request =
      message(R"({"max_tokens": 5, "system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
      "messages": [{"role": "user", "content": "c"}, {"role": "user", "content": [{"type": "text", "text": "d"}]},
      {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": ""}, {"type": "text", "text": "e"},
        {"type": "redacted_thinking", "data": "x"}, {"type": "tool_use", "id": "1", "name": "f", "input": {"x": 1}}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "r"}]},
        {"type": "tool_result", "tool_use_id": "9", "is_error": true}, {"type": "text", "text": "g"}]}]})");
  const json::array expected{
      json::object{{"role", "system"}, {"content", "a\nb"}},
      json::object{{"role", "user"}, {"content", "c\nd"}},
      json::object{{"role", "assistant"},
                   {"content", "e"},
                   {"reasoning_content", "Hm."},
                   {"tool_calls", json::array{call("1", "f", {{"x", 1}})}}},
      json::object{{"role", "tool"}, {"content", "r"}, {"tool_call_id", "1"}, {"name", "f"}},
      json::object{{"role", "tool"}, {"content", ""}, {"tool_call_id", "9"}},
      json::object{{"role", "user"}, {"content", "g"}}};
  EXPECT_EQ(messages_of(request), expected);
  EXPECT_FALSE(request->conversation.continue_final_message);
}

TEST(MessagesRequest, SettingsReachTheRequest) {
  using Mode = ToolChoice::Mode;
  const auto request =
      message(R"({"max_tokens": 5, "messages": [{"role": "user", "content": "x"}], "top_k": 3,
      "stop_sequences": ["a", "b"], "thinking": {"type": "enabled", "budget_tokens": 1024}, "stream": true,
      "metadata": {"user_id": "u"}, "tools": [{"type": "web_search_20250305", "name": "web_search"},
      {"name": "f", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}],
      "tool_choice": {"type": "any", "disable_parallel_tool_use": true}})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->generation.engine.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request->generation.engine.sampling.top_k, 3);
  EXPECT_EQ(request->conversation.extra, (json::object{{"enable_thinking", true}}));
  EXPECT_EQ(request->conversation.tools.size(), 1u);
  EXPECT_EQ(request->tool_choice.mode, Mode::kRequired);
  EXPECT_FALSE(request->parallel_tool_calls);
}

TEST(MessagesRequest, CountingNeedsNoMaxTokens) {
  const json::object body{{"messages", json::array{json::object{{"role", "user"}, {"content", "x"}}}}};
  EXPECT_TRUE(parse_count_tokens_request(body, kContext).has_value());
  EXPECT_EQ(parse_messages_request(body, kContext).error().field, "max_tokens");
}

struct BadBody {
  const char* body;
  const char* param;
  const char* message;  // a part of it
};

template <class T>
void expect_refused(const Result<T>& result, const BadBody& bad) {
  ASSERT_FALSE(result.has_value()) << bad.body;
  const ApiError error(result.error());
  EXPECT_EQ(error.status, 400) << bad.body;
  EXPECT_EQ(error.param, bad.param) << bad.body;
  EXPECT_NE(error.message.find(bad.message), std::string::npos) << bad.body << ": " << error.message;
}

constexpr BadBody kBadResponses[] = {
    {"[]", "", "must be a JSON object"},
    {"{}", "input", "required"},
    {R"({"input": 5})", "input", "got number"},
    {R"({"input": ["x"]})", "input[0]", "got string"},
    {R"({"input": [{}]})", "input[0].role", "must be 'user'"},
    {R"({"input": [{"role": "tool", "content": "x"}]})", "input[0].role", "must be 'user'"},
    {R"({"input": [{"role": "user"}]})", "input[0].content", "required"},
    {R"({"input": [{"role": "user", "content": [{"type": "input_image"}]}]})", "input[0].content[0].type",
     "'input_image'"},
    {R"({"input": [{"role": "user", "content": [{"type": "input_text"}]}]})", "input[0].content[0].text",
     "string"},
    {R"({"input": [{"type": "item_reference", "id": "x"}]})", "input[0].type", "'item_reference'"},
    {R"({"input": [{"type": 5}]})", "input[0].type", "string"},
    {R"({"input": [{"type": "function_call", "name": "f"}]})", "input[0].call_id", "required"},
    {R"({"input": [{"type": "function_call", "call_id": "1"}]})", "input[0].name", "required"},
    {R"({"input": [{"type": "function_call", "call_id": "1", "name": "f", "arguments": "["}]})",
     "input[0].arguments", "not JSON"},
    {R"({"input": [{"type": "function_call_output", "output": "x"}]})", "input[0].call_id", "required"},
    {R"({"input": [{"type": "function_call_output", "call_id": "1"}]})", "input[0].output", "required"},
    {R"({"input": [{"type": "reasoning", "content": 5}]})", "input[0].content", "a list of parts"},
    {R"({"input": "x", "previous_response_id": "resp_1"})", "previous_response_id", "keeps no responses"},
    {R"({"input": "x", "conversation": "conv_1"})", "conversation", "keeps no responses"},
    {R"({"input": "x", "prompt": {"id": "p"}})", "prompt", "not supported"},
    {R"({"input": "x", "background": true})", "background", "not supported"},
    {R"({"input": "x", "truncation": "auto"})", "truncation", "'disabled'"},
    {R"({"input": "x", "top_logprobs": 3})", "top_logprobs", "not supported"},
    {R"({"input": "x", "include": ["message.output_text.logprobs"]})", "include", "logprobs"},
    {R"({"input": "x", "text": {"format": {"type": "json_object"}}})", "text.format", "not supported"},
    {R"({"input": "x", "text": {"format": 5}})", "text.format", "not supported"},
    {R"({"input": "x", "text": "plain"})", "text", "an object"},
    {R"({"input": "x", "reasoning": {"effort": 5}})", "reasoning.effort", "a string"},
    {R"({"input": "x", "instructions": 5})", "instructions", "a string"},
    {R"({"input": "x", "max_output_tokens": 0})", "max_output_tokens", "1.."},
    {R"({"input": "x", "temperature": -1})", "temperature", "-1"},
    {R"({"input": "x", "metadata": []})", "metadata", "an object"},
    {R"({"input": "x", "tools": [{}]})", "tools[0].type", "required"},
    {R"({"input": "x", "tools": [{"type": "function"}]})", "tools[0].name", "required"},
    {R"({"input": "x", "tools": [{"type": "function", "name": "f", "parameters": []}]})",
     "tools[0].parameters", "an object"},
    {R"({"input": "x", "tool_choice": "required"})", "tool_choice", "no 'tools'"},
    {R"({"input": "x", "tool_choice": {"type": "web_search"}})", "tool_choice", "must be"},
    {R"({"input": "x", "tools": [{"type": "function", "name": "f"}], "tool_choice": {"type": "function", "name": "g"}})",
     "tool_choice", "'g'"},
};

constexpr BadBody kBadMessages[] = {
    {R"({"max_tokens": 5})", "messages", "required"},
    {R"({"max_tokens": 5, "messages": []})", "messages", "must not be empty"},
    {R"({"max_tokens": 5, "messages": {}})", "messages", "got object"},
    {R"({"max_tokens": 5, "messages": [5]})", "messages[0]", "got number"},
    {R"({"max_tokens": 5, "messages": [{"role": "system", "content": "x"}]})", "messages[0].role",
     "must be 'user'"},
    {R"({"max_tokens": 5, "messages": [{"role": "user"}]})", "messages[0].content", "required"},
    {R"({"max_tokens": 5, "messages": [{"role": "user", "content": 5}]})", "messages[0].content",
     "got number"},
    {R"({"max_tokens": 5, "messages": [{"role": "user", "content": ["x"]}]})", "messages[0].content[0]",
     "got string"},
    {R"({"max_tokens": 5, "messages": [{"role": "user", "content": [{}]}]})", "messages[0].content[0].type",
     "required"},
    {R"({"max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "image"}]}]})",
     "messages[0].content[0].type", "'image'"},
    {R"({"max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "text"}]}]})",
     "messages[0].content[0].text", "required"},
    {R"({"max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "tool_result"}]}]})",
     "messages[0].content[0].tool_use_id", "required"},
    {R"({"max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1",
        "content": [{"type": "image"}]}]}]})",
     "messages[0].content[0].content[0].type", "'image'"},
    {R"({"max_tokens": 5, "messages": [{"role": "assistant", "content": [{"type": "tool_use", "name": "f"}]}]})",
     "messages[0].content[0].id", "required"},
    {R"({"max_tokens": 5, "messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f",
        "input": "x"}]}]})",
     "messages[0].content[0].input", "an object"},
    {R"({"max_tokens": 5, "messages": [{"role": "assistant", "content": [{"type": "thinking"}]}]})",
     "messages[0].content[0].thinking", "required"},
    {R"({"messages": [{"role": "user", "content": "x"}]})", "max_tokens", "required"},
    {R"({"max_tokens": 0, "messages": [{"role": "user", "content": "x"}]})", "max_tokens", "1.."},
    {R"({"max_tokens": 5, "system": 5, "messages": [{"role": "user", "content": "x"}]})", "system",
     "got number"},
    {R"({"max_tokens": 5, "stop_sequences": 5, "messages": [{"role": "user", "content": "x"}]})",
     "stop_sequences", "list of strings"},
    {R"({"max_tokens": 5, "thinking": {"type": "x"}, "messages": [{"role": "user", "content": "x"}]})",
     "thinking.type", "'enabled'"},
    {R"({"max_tokens": 5, "output_format": {}, "messages": [{"role": "user", "content": "x"}]})",
     "output_format", "not supported"},
    {R"({"max_tokens": 5, "tools": [{"input_schema": {}}], "messages": [{"role": "user", "content": "x"}]})",
     "tools[0].name", "required"},
    {R"({"max_tokens": 5, "tools": [{"name": "f", "input_schema": 5}], "messages": [{"role": "user", "content": "x"}]})",
     "tools[0].input_schema", "an object"},
    {R"({"max_tokens": 5, "tool_choice": "auto", "messages": [{"role": "user", "content": "x"}]})",
     "tool_choice", "an object"},
    {R"({"max_tokens": 5, "tool_choice": {"type": "x"}, "messages": [{"role": "user", "content": "x"}]})",
     "tool_choice.type", "'auto'"},
    {R"({"max_tokens": 5, "tool_choice": {"type": "tool"}, "messages": [{"role": "user", "content": "x"}]})",
     "tool_choice.name", "required"},
    {R"({"max_tokens": 5, "tool_choice": {"type": "any"}, "messages": [{"role": "user", "content": "x"}]})",
     "tool_choice", "no 'tools'"},
};

TEST(ApiBodies, BadOnesAreRefusedByName) {
  for (const BadBody& bad : kBadResponses) expect_refused(response(bad.body), bad);
  for (const BadBody& bad : kBadMessages) expect_refused(message(bad.body), bad);
}

}  // namespace
}  // namespace loci
