// Answers in the models' own dialects through the engine and HTTP, token by token, in each API, whole and
// streamed.
#include <gtest/gtest.h>

#include "server/testing/scripted_server.h"
#include "testing/paths.h"

namespace loci {
namespace {

using testing::ScriptedServer;
using testing::SseEvent;

/// What a client of any of the APIs makes of an answer.
struct Seen {
  struct Call {
    std::string id, name, arguments;
    bool operator==(const Call&) const = default;
  };
  std::string content, reasoning, end;
  std::vector<Call> calls;

  /// The same but for the ids, which are new each time.
  bool same_as(const Seen& other) const {
    const auto same_call = [](const Call& a, const Call& b) {
      return a.name == b.name && a.arguments == b.arguments;
    };
    return content == other.content && reasoning == other.reasoning && end == other.end &&
           std::ranges::equal(calls, other.calls, same_call);
  }
};
std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  out << "content \"" << seen.content << "\" reasoning \"" << seen.reasoning << "\" end " << seen.end;
  for (const Seen::Call& call : seen.calls) out << " call " << call.name << "(" << call.arguments << ")";
  return out;
}

std::string text_at(const json::value& object, std::string_view key) {
  const json::value* value = find_field(object.as_object(), key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// ---- chats

Seen seen_in_chat(const json::object& answer) {
  const json::value& choice = answer.at("choices").at(0);
  const json::value& message = choice.at("message");
  Seen seen{text_at(message, "content"),
            text_at(message, "reasoning_content"),
            text_at(choice, "finish_reason"),
            {}};
  EXPECT_EQ(seen.reasoning, text_at(message, "reasoning"));
  if (const json::value* calls = find_field(message.as_object(), "tool_calls"))
    for (const json::value& call : calls->as_array()) {
      EXPECT_EQ(call.at("type"), "function");
      seen.calls.push_back({text_at(call, "id"), text_at(call.at("function"), "name"),
                            text_at(call.at("function"), "arguments")});
    }
  return seen;
}

void add_call_delta(const json::value& delta, Seen& seen) {
  const auto index = static_cast<std::size_t>(delta.at("index").as_int64());
  ASSERT_LE(index, seen.calls.size());
  if (index == seen.calls.size()) {
    seen.calls.push_back({text_at(delta, "id"), text_at(delta.at("function"), "name"), ""});
    EXPECT_EQ(delta.at("type"), "function");
    EXPECT_EQ(delta.at("function").at("arguments"), "") << "the first delta of a call is its name";
    EXPECT_NE(seen.calls.back().id, "");
    return;
  }
  EXPECT_FALSE(delta.as_object().contains("id") || delta.at("function").as_object().contains("name"));
  seen.calls[index].arguments += text_at(delta.at("function"), "arguments");
}

Seen seen_in_chat_stream(const std::vector<SseEvent>& events) {
  Seen seen;
  EXPECT_EQ(events.back().data, "[DONE]");
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    const json::object chunk = testing::parsed(events[i].data);
    const json::value& choice = chunk.at("choices").at(0);
    const json::object& delta = choice.at("delta").as_object();
    seen.content += text_at(delta, "content");
    seen.reasoning += text_at(delta, "reasoning_content");
    EXPECT_EQ(text_at(delta, "reasoning"), text_at(delta, "reasoning_content"));
    if (const json::value* calls = find_field(delta, "tool_calls"))
      for (const json::value& call : calls->as_array()) add_call_delta(call, seen);
    EXPECT_EQ(choice.at("finish_reason").is_null(), i + 2 < events.size());
    seen.end = text_at(choice, "finish_reason");
  }
  return seen;
}

// ---- responses

Seen seen_in_response(const json::object& response) {
  Seen seen;
  for (const json::value& item : response.at("output").as_array()) {
    EXPECT_EQ(item.at("status"), "completed");
    if (item.at("type") == "function_call") {
      seen.calls.push_back({text_at(item, "call_id"), text_at(item, "name"), text_at(item, "arguments")});
    } else {
      const json::value& part = item.at("content").at(0);
      const bool is_message = item.at("type") == "message";
      EXPECT_EQ(part.at("type"), is_message ? "output_text" : "reasoning_text");
      (is_message ? seen.content : seen.reasoning) += text_at(part, "text");
    }
  }
  seen.end = text_at(response, "status");
  return seen;
}

/// The deltas add up to what the last event says whole; the events are numbered.
Seen seen_in_response_stream(const std::vector<SseEvent>& events) {
  Seen seen;
  std::int64_t number = 0;
  json::object last;
  for (const SseEvent& event : events) {
    json::object data = testing::parsed(event.data);
    EXPECT_EQ(data.at("type"), json::value(event.name));
    EXPECT_EQ(data.at("sequence_number"), number++);
    if (event.name == "response.output_text.delta") seen.content += text_at(data, "delta");
    if (event.name == "response.reasoning_text.delta") seen.reasoning += text_at(data, "delta");
    if (event.name == "response.function_call_arguments.delta")
      seen.calls.back().arguments += text_at(data, "delta");
    if (event.name == "response.output_item.added" && data.at("item").at("type") == "function_call")
      seen.calls.push_back({text_at(data.at("item"), "call_id"), text_at(data.at("item"), "name"), ""});
    last = std::move(data);
  }
  seen.end = text_at(last.at("response"), "status");
  EXPECT_EQ(events.back().name, "response." + seen.end);
  const Seen whole = seen_in_response(last.at("response").as_object());
  EXPECT_TRUE(seen.same_as(whole)) << seen << "\n" << whole;
  return seen;
}

// ---- messages

Seen seen_in_message(const json::object& message) {
  Seen seen;
  for (const json::value& block : message.at("content").as_array()) {
    seen.content += text_at(block, "text");
    seen.reasoning += text_at(block, "thinking");
    if (block.at("type") == "tool_use")
      seen.calls.push_back(
          {text_at(block, "id"), text_at(block, "name"), json::serialize(block.at("input"))});
  }
  seen.end = text_at(message, "stop_reason");
  return seen;
}

Seen seen_in_message_stream(const std::vector<SseEvent>& events) {
  Seen seen;
  EXPECT_EQ(events.front().name, "message_start");
  EXPECT_EQ(events.back().name, "message_stop");
  std::int64_t index = -1;
  for (const SseEvent& event : events) {
    const json::object data = testing::parsed(event.data);
    EXPECT_EQ(data.at("type"), json::value(event.name));
    if (event.name == "content_block_start") {
      EXPECT_EQ(data.at("index"), ++index);
      const json::value& block = data.at("content_block");
      if (block.at("type") == "tool_use")
        seen.calls.push_back({text_at(block, "id"), text_at(block, "name"), ""});
    } else if (event.name == "content_block_delta") {
      EXPECT_EQ(data.at("index"), index);
      seen.content += text_at(data.at("delta"), "text");
      seen.reasoning += text_at(data.at("delta"), "thinking");
      if (data.at("delta").at("type") == "input_json_delta")
        seen.calls.back().arguments += text_at(data.at("delta"), "partial_json");
    } else if (event.name == "message_delta") {
      seen.end = text_at(data.at("delta"), "stop_reason");
    }
  }
  for (Seen::Call& call : seen.calls) call.arguments = json::serialize(json::parse(call.arguments));
  return seen;
}

// ---- every dialect through every API

constexpr std::string_view kQuestion = "What is the weather in Paris?";
constexpr std::string_view kParameters =
    R"({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})";

std::string chat_body(std::string_view rest = "") {
  return fmt::format(
      R"({{"messages": [{{"role": "user", "content": "{}"}}], "tools": [{{"type": "function", "function":
      {{"name": "get_weather", "description": "d", "parameters": {}}}}}]{}}})",
      kQuestion, kParameters, rest);
}
std::string responses_body(std::string_view rest = "") {
  return fmt::format(
      R"({{"input": "{}", "tools": [{{"type": "web_search"}}, {{"type": "function", "name": "get_weather",
      "description": "d", "parameters": {}}}]{}}})",
      kQuestion, kParameters, rest);
}
std::string messages_body(std::string_view rest = "") {
  return fmt::format(
      R"({{"max_tokens": 4000, "messages": [{{"role": "user", "content": "{}"}}], "tools": [{{"name": "get_weather",
      "description": "d", "input_schema": {}}}]{}}})",
      kQuestion, kParameters, rest);
}

struct DialectCase {
  const char* file;
  const char* says;
  const char* content = "";
  const char* reasoning = "";
};

class Dialects : public ::testing::TestWithParam<DialectCase> {};

TEST_P(Dialects, ReachTheClientsOfEveryApi) {
  const auto file =
      testing::shared_data() / "chat_templates/jinja" / (std::string(GetParam().file) + ".jinja");
  SKIP_IF_ABSENT(file);
  ScriptedServer server(testing::read_file(file));
  server.say(GetParam().says);
  const Seen chat = seen_in_chat(server.post("/v1/chat/completions", chat_body()));
  EXPECT_EQ(chat.end, "tool_calls");
  EXPECT_EQ(chat.reasoning, GetParam().reasoning);
  EXPECT_EQ(chat.content, GetParam().content);
  ASSERT_EQ(chat.calls.size(), 1u);
  EXPECT_EQ(chat.calls[0].name, "get_weather");
  EXPECT_EQ(json::parse(chat.calls[0].arguments), (json::object{{"city", "Paris"}}));
  const Seen chunks =
      seen_in_chat_stream(server.stream("/v1/chat/completions", chat_body(R"(, "stream": true)")));
  EXPECT_TRUE(chunks.same_as(chat)) << chunks;

  Seen expected = chat;
  expected.end = "completed";
  const Seen response = seen_in_response(server.post("/v1/responses", responses_body()));
  EXPECT_TRUE(response.same_as(expected)) << response;
  const Seen response_events =
      seen_in_response_stream(server.stream("/v1/responses", responses_body(R"(, "stream": true)")));
  EXPECT_TRUE(response_events.same_as(expected)) << response_events;

  expected.end = "tool_use";
  expected.calls[0].arguments = R"({"city":"Paris"})";
  const Seen message = seen_in_message(server.post("/v1/messages", messages_body()));
  EXPECT_TRUE(message.same_as(expected)) << message;
  const Seen message_events =
      seen_in_message_stream(server.stream("/v1/messages", messages_body(R"(, "stream": true)")));
  EXPECT_TRUE(message_events.same_as(expected)) << message_events;
}

constexpr DialectCase kCases[] = {
    {.file = "Qwen-Qwen3-0.6B",
     .says = "<think>\nHm.\n</think>\n\nI look it up.<tool_call>\n{\"name\": \"get_weather\", \"arguments\": "
             "{\"city\": \"Paris\"}}\n</tool_call>",
     .content = "I look it up.",
     .reasoning = "Hm."},
    {.file = "meta-llama-Llama-3.1-8B-Instruct",
     .says = R"({"name": "get_weather", "parameters": {"city": "Paris"}})"},
    {.file = "mistralai-Mistral-Nemo-Instruct-2407",
     .says = R"([TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}}])"},
    {.file = "Mistral-Small-3.2-24B-Instruct-2506",
     .says = R"([TOOL_CALLS]get_weather[ARGS]{"city": "Paris"})"},
    {.file = "openai-gpt-oss-120b",
     .says = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary "
             "to=functions.get_weather <|constrain|>json<|message|>{\"city\": \"Paris\"}",
     .reasoning = "Hm."},
    {.file = "deepseek-ai-DeepSeek-V3.1",
     .says = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": "
             "\"Paris\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"},
    {.file = "Qwen3-Coder",
     .says = "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</"
             "tool_call>"},
};
INSTANTIATE_TEST_SUITE_P(Templates, Dialects, ::testing::ValuesIn(kCases), [](const auto& test) {
  std::string name = test.param.file;
  std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
  return name;
});

// ---- what a request may ask for

/// A template in the manner of Qwen, small enough to be read here.
constexpr std::string_view kHermes =
    "{% if tools %}Tools: {{ tools | tojson }} <tool_call>{% endif %}"
    "{% for m in messages %}<{{ m.role }}>{{ m.content or '' }}{% for c in m.tool_calls %}"
    "<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{{ '<think>\\n' if enable_thinking }}{% endif %}";
constexpr std::string_view kCall =
    R"(<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>)";

ScriptedServer& hermes() {
  static ScriptedServer server(kHermes);
  return server;
}

TEST(ToolCalls, SeveralAtOnceUnlessTheClientWantsOne) {
  hermes().say(std::string(kCall) + "\n" + std::string(kCall));
  const Seen both = seen_in_chat(hermes().post("/v1/chat/completions", chat_body()));
  ASSERT_EQ(both.calls.size(), 2u);
  EXPECT_NE(both.calls[0].id, both.calls[1].id);
  const Seen streamed =
      seen_in_chat_stream(hermes().stream("/v1/chat/completions", chat_body(R"(, "stream": true)")));
  EXPECT_TRUE(streamed.same_as(both)) << streamed;
  const auto calls = [](const Seen& seen) { return seen.calls.size(); };
  EXPECT_EQ(calls(seen_in_chat(
                hermes().post("/v1/chat/completions", chat_body(R"(, "parallel_tool_calls": false)")))),
            1u);
  EXPECT_EQ(calls(seen_in_response(hermes().post("/v1/responses", responses_body()))), 2u);
  EXPECT_EQ(calls(seen_in_message(hermes().post(
                "/v1/messages",
                messages_body(R"(, "tool_choice": {"type": "auto", "disable_parallel_tool_use": true})")))),
            1u);
}

TEST(ToolCalls, AForcedCallBeginsInThePrompt) {
  constexpr const char* kRest = R"({"city": "Paris"}}</tool_call>)";
  const auto expect_called = [](const Seen& seen) {
    ASSERT_EQ(seen.calls.size(), 1u) << seen;
    EXPECT_EQ(seen.calls[0].name, "get_weather");
    EXPECT_EQ(json::parse(seen.calls[0].arguments), (json::object{{"city", "Paris"}}));
  };
  const char* named = R"(, "tool_choice": {"type": "function", "function": {"name": "get_weather"}})";
  hermes().say(kRest);
  expect_called(seen_in_chat(hermes().post("/v1/chat/completions", chat_body(named))));
  expect_called(seen_in_chat_stream(
      hermes().stream("/v1/chat/completions", chat_body(std::string(named) + R"(, "stream": true)"))));
  expect_called(seen_in_response(hermes().post(
      "/v1/responses", responses_body(R"(, "tool_choice": {"type": "function", "name": "get_weather"})"))));
  expect_called(seen_in_message(hermes().post(
      "/v1/messages", messages_body(R"(, "tool_choice": {"type": "tool", "name": "get_weather"})"))));

  hermes().say(std::string(R"(get_weather", "arguments": )") + kRest);
  expect_called(
      seen_in_chat(hermes().post("/v1/chat/completions", chat_body(R"(, "tool_choice": "required")"))));
  expect_called(
      seen_in_message(hermes().post("/v1/messages", messages_body(R"(, "tool_choice": {"type": "any"})"))));
}

std::string applied(std::string_view rest) {
  return std::string(hermes().post("/apply-template", chat_body(rest)).at("prompt").as_string());
}

TEST(ToolCalls, ThePromptShowsWhatTheModelMayDo) {
  EXPECT_NE(applied("").find("get_weather"), std::string::npos);
  EXPECT_TRUE(applied("").ends_with("<user>" + std::string(kQuestion) + "<assistant>")) << applied("");
  EXPECT_EQ(applied(R"(, "tool_choice": "none")"), "<user>" + std::string(kQuestion) + "<assistant>");
  EXPECT_TRUE(applied(R"(, "tool_choice": "required")").ends_with("<assistant><tool_call>\n{\"name\": \""));
  EXPECT_TRUE(
      applied(R"(, "chat_template_kwargs": {"enable_thinking": true})").ends_with("<assistant><think>\n"));
  EXPECT_TRUE(applied(R"(, "add_generation_prompt": false)").ends_with(kQuestion));
  EXPECT_TRUE(applied(R"(, "continue_final_message": true)").ends_with(kQuestion));
}

TEST(ToolCalls, WithoutToolsAnAnswerIsText) {
  hermes().say(kCall);
  const Seen seen =
      seen_in_chat(hermes().post("/v1/chat/completions", chat_body(R"(, "tool_choice": "none")")));
  EXPECT_TRUE(seen.calls.empty());
  EXPECT_EQ(seen.content, kCall);
  EXPECT_EQ(seen.end, "stop");
}

TEST(ToolCalls, AModelWithoutADialectAnswersInText) {
  ScriptedServer plain("{% for m in messages %}{{ m.content }}{% endfor %}");
  plain.say(kCall);
  const Seen seen = seen_in_chat(plain.post("/v1/chat/completions", chat_body()));
  EXPECT_EQ(seen.content, kCall);
  EXPECT_TRUE(seen.calls.empty());
  const HttpResponse refused =
      plain->post("/v1/chat/completions", chat_body(R"(, "tool_choice": "required")"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(testing::parsed(refused.body).at("error").at("param"), "tool_choice");
}

TEST(ToolCalls, TheConversationGoesOnBehindThem) {
  hermes().say("It rains.");
  const std::string chat =
      R"({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": null,
      "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}}]},
      {"role": "tool", "tool_call_id": "1", "content": "rain"}]})";
  const std::string prompt =
      "<user>q<assistant><tool_call>{\"name\": \"f\", \"arguments\": {\"x\": 1}}</tool_call>"
      "<tool>rain<assistant>";
  EXPECT_EQ(hermes().post("/apply-template", chat).at("prompt"), json::value(prompt));
  EXPECT_EQ(seen_in_chat(hermes().post("/v1/chat/completions", chat)).content, "It rains.");
  const json::value tokens =
      hermes()
          .post("/tokenize", json::serialize(json::object{{"prompt", prompt}, {"add_special_tokens", false}}))
          .at("count");
  const json::object response = hermes().post("/v1/responses", R"({"input": [{"role": "user", "content": "q"},
      {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{\"x\": 1}"},
      {"type": "function_call_output", "call_id": "1", "output": "rain"}]})");
  EXPECT_EQ(response.at("usage").at("input_tokens"), tokens) << "the same prompt";
  const json::object message = hermes().post("/v1/messages", R"({"max_tokens": 99, "messages": [
      {"role": "user", "content": "q"},
      {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"x": 1}}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "rain"}]}]})");
  EXPECT_EQ(message.at("usage").at("input_tokens"), tokens) << "the same prompt";
  EXPECT_EQ(seen_in_message(message).end, "end_turn");
}

TEST(Reasoning, IsToldApartAndCounted) {
  hermes().say("Hm, rain.\n</think>\n\nRain.");
  const char* thinking = R"(, "chat_template_kwargs": {"enable_thinking": true})";
  const json::object answer = hermes().post("/v1/chat/completions", chat_body(thinking));
  const Seen seen = seen_in_chat(answer);
  EXPECT_EQ(seen.reasoning, "Hm, rain.");
  EXPECT_EQ(seen.content, "Rain.");
  const json::value& usage = answer.at("usage");
  const std::int64_t reasoning = usage.at("completion_tokens_details").at("reasoning_tokens").as_int64();
  EXPECT_GE(reasoning, 9);  // bytes
  EXPECT_LT(reasoning, usage.at("completion_tokens").as_int64() - 5);
  const json::object searched = hermes().post(
      "/v1/chat/completions",
      chat_body(R"(, "use_beam_search": true, "chat_template_kwargs": {"enable_thinking": true})"));
  EXPECT_EQ(seen_in_chat(searched).reasoning, seen.reasoning);
  EXPECT_EQ(searched.at("usage"), usage) << "an answer that comes as a whole is counted alike";
  hermes().say("Rain <tool_c");
  EXPECT_EQ(
      seen_in_chat(hermes().post("/v1/chat/completions", chat_body(R"(, "use_beam_search": true)"))).content,
      "Rain <tool_c")
      << "what might have become a call";
  hermes().say("Hm, rain.\n</think>\n\nRain.");
  const json::object response = hermes().post("/v1/responses", responses_body(thinking));
  EXPECT_EQ(response.at("usage").at("output_tokens_details").at("reasoning_tokens"), reasoning);
  EXPECT_EQ(response.at("output").at(0).at("type"), "reasoning");
}

TEST(Reasoning, LogprobsTellOfEveryToken) {
  hermes().say("Hm.</think>" + std::string(kCall));
  const std::string rest =
      R"(, "logprobs": true, "stream_options": {"include_usage": true}, "stream": true, "chat_template_kwargs": {"enable_thinking": true})";
  std::size_t tokens = 0;
  const auto events = hermes().stream("/v1/chat/completions", chat_body(rest));
  for (std::size_t i = 0; i + 2 < events.size(); ++i) {
    const json::object chunk = testing::parsed(events[i].data);
    const json::value& logprobs = chunk.at("choices").at(0).at("logprobs");
    if (!logprobs.is_null()) tokens += logprobs.at("content").as_array().size();
  }
  const json::object usage = testing::parsed(events[events.size() - 2].data);
  EXPECT_EQ(usage.at("usage").at("completion_tokens"), tokens);
}

TEST(ToolCalls, WhatIsCutOffIsToldByItsEnd) {
  hermes().say(kCall);
  const std::string few = R"(, "max_tokens": 50)";
  const Seen chat = seen_in_chat(hermes().post("/v1/chat/completions", chat_body(few)));
  EXPECT_EQ(chat.end, "length");
  const json::object response =
      hermes().post("/v1/responses", responses_body(R"(, "max_output_tokens": 50)"));
  EXPECT_EQ(response.at("status"), "incomplete");
  EXPECT_EQ(response.at("incomplete_details").at("reason"), "max_output_tokens");
  hermes().say("One two three");
  const json::object message = hermes().post("/v1/messages", messages_body(R"(, "stop_sequences": ["two"])"));
  EXPECT_EQ(message.at("stop_reason"), "stop_sequence");
  EXPECT_EQ(message.at("stop_sequence"), "two");
  EXPECT_EQ(seen_in_message(message).content, "One ");
}

// ---- Responses and Messages

std::vector<std::string> names_of(const std::vector<SseEvent>& events) {
  std::vector<std::string> names;
  for (const SseEvent& event : events)
    if (names.empty() || names.back() != event.name) names.push_back(event.name);
  return names;
}

TEST(Responses, TheEventsOfAStream) {
  hermes().say("Hm.</think>Look:" + std::string(kCall));
  const auto events = hermes().stream(
      "/v1/responses",
      responses_body(R"(, "stream": true, "chat_template_kwargs": {"enable_thinking": true})"));
  const std::string p = "response.";
  EXPECT_EQ(names_of(events),
            (std::vector<std::string>{
                p + "created", p + "in_progress", p + "output_item.added", p + "content_part.added",
                p + "reasoning_text.delta", p + "reasoning_text.done", p + "content_part.done",
                p + "output_item.done", p + "output_item.added", p + "content_part.added",
                p + "output_text.delta", p + "output_text.done", p + "content_part.done",
                p + "output_item.done", p + "output_item.added", p + "function_call_arguments.delta",
                p + "function_call_arguments.done", p + "output_item.done", p + "completed"}));
}

TEST(Responses, AnEmptyInputIsAllowed) {
  hermes().say("Yes?");
  for (const char* body :
       {R"({"input": ""})", R"({"input": []})", R"({"input": [], "instructions": "Be brief."})"})
    EXPECT_EQ(seen_in_response(hermes().post("/v1/responses", body)).content, "Yes?") << body;
}

TEST(Messages, TheEventsOfAStream) {
  hermes().say("Hm.</think>Look:" + std::string(kCall));
  const auto events = hermes().stream(
      "/v1/messages",
      messages_body(R"(, "stream": true, "chat_template_kwargs": {"enable_thinking": true})"));
  EXPECT_EQ(names_of(events),
            (std::vector<std::string>{"message_start", "ping", "content_block_start", "content_block_delta",
                                      "content_block_stop", "content_block_start", "content_block_delta",
                                      "content_block_stop", "content_block_start", "content_block_delta",
                                      "content_block_stop", "message_delta", "message_stop"}));
  const json::object start = testing::parsed(events.front().data);
  EXPECT_GT(start.at("message").at("usage").at("input_tokens").as_int64(), 0);
}

TEST(Messages, TokensAreCountedWithoutAnAnswer) {
  hermes().say("x");
  const json::object message = hermes().post("/v1/messages", messages_body());
  EXPECT_EQ(hermes().post("/v1/messages/count_tokens", messages_body()).at("input_tokens"),
            message.at("usage").at("input_tokens"));
}

TEST(Messages, TheAnswerGoesOnWithTheAssistantsLastWords) {
  hermes().say(" 42.");
  const json::object message = hermes().post("/v1/messages", R"({"max_tokens": 1000000, "messages": [
      {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
      {"role": "user", "content": "c"}, {"role": "assistant", "content": "It is"}]})");
  EXPECT_EQ(seen_in_message(message).content, " 42.");
  EXPECT_EQ(message.at("usage").at("input_tokens").as_int64(),
            std::ssize(std::string("<user>a\nb\nc<assistant>It is")));
}

TEST(Messages, EveryRefusalHasAnthropicsShape) {
  ScriptedServer server(kHermes, {.http = {.limits = {.max_body_bytes = 4096}}, .api_keys = {"secret"}});
  const auto expect_error = [](const HttpResponse& response, int status, std::string_view type) {
    EXPECT_EQ(response.status, status);
    const json::object body = testing::parsed(response.body);
    EXPECT_EQ(body.at("type"), "error");
    EXPECT_EQ(body.at("error").at("type"), json::value(type)) << response.body;
    EXPECT_NE(body.at("error").at("message").as_string(), "");
  };
  const char* key = "x-api-key: secret\r\n";
  expect_error(server->post("/v1/messages", messages_body()), 401, "authentication_error");
  expect_error(server->post("/v1/messages", messages_body(), "x-api-key: wrong\r\n"), 401,
               "authentication_error");
  expect_error(server->post("/v1/messages", "{", key), 400, "invalid_request_error");
  expect_error(server->post("/v1/messages", "{}", key), 400, "invalid_request_error");
  expect_error(server->post("/v1/messages", messages_body(R"(, "model": "other")"), key), 404,
               "not_found_error");
  expect_error(server->post("/v1/messages/batches", "{}", key), 404, "not_found_error");
  expect_error(server->get("/v1/messages", key), 405, "invalid_request_error");
  expect_error(server->post("/v1/messages", std::string(5000, ' '), key), 413, "request_too_large");
  server.say("x");
  EXPECT_EQ(server->post("/v1/messages", messages_body(), key).status, 200);
  EXPECT_EQ(server->post("/v1/messages", messages_body(), "Authorization: Bearer secret\r\n").status, 200);
  server->server().begin_shutdown();
  expect_error(server->post("/v1/messages", messages_body(), key), 503, "overloaded_error");
}

}  // namespace
}  // namespace loci
