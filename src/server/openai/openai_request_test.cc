// The parsers of request bodies: what they take, and a table of what they refuse.
#include <gtest/gtest.h>

#include "server/api_error.h"
#include "server/chat/tools.h"
#include "server/openai/completion_request.h"
#include "server/openai/parse_chat.h"
#include "server/openai/tokenize_request.h"

namespace loci {
namespace {

const ParseContext kContext{.defaults = {}, .vocab_size = 512};

Result<CompletionRequest> completion(std::string_view body, const ParseContext& context = kContext) {
  LOCI_TRY(const json::object object, parse_body(body));
  return parse_completion_request(object, context);
}

Result<ChatRequest> chat(std::string_view body, const ParseContext& context = kContext) {
  LOCI_TRY(const json::object object, parse_body(body));
  return parse_chat_request(object, context);
}

/// A valid body with `fields` added.
std::string with(std::string_view required, std::string_view fields) {
  return std::string("{") + std::string(required) + (fields.empty() ? "" : ",") + std::string(fields) + "}";
}
constexpr std::string_view kPrompt = R"("prompt":"Hi")";
constexpr std::string_view kMessages = R"("messages":[{"role":"user","content":"Hi"}])";

TEST(CompletionRequest, TakesPromptsInAllForms) {
  const auto text = completion(R"({"prompt": "Hi"})");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->prompts, (std::vector<CompletionPrompt>{"Hi"}));
  EXPECT_EQ(completion(R"({"prompt": ["a", "b"]})")->prompts, (std::vector<CompletionPrompt>{"a", "b"}));
  EXPECT_EQ(completion(R"({"prompt": [1, 2.0]})")->prompts,
            (std::vector<CompletionPrompt>{std::vector<TokenId>{1, 2}}));
  EXPECT_EQ(completion(R"({"prompt": [[1], [2, 3]]})")->prompts,
            (std::vector<CompletionPrompt>{std::vector<TokenId>{1}, std::vector<TokenId>{2, 3}}));
}

TEST(CompletionRequest, ReadsEveryField) {
  const auto request =
      completion(R"({"prompt": "Hi", "model": "m", "max_tokens": 7, "n": 3, "best_of": 3, "echo": true,
      "logprobs": 2, "stream": true, "stream_options": {"include_usage": true}, "stop": ["a", "", "b"], "seed": -1,
      "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1, "repetition_penalty": 1.1, "presence_penalty": -1,
      "frequency_penalty": 2, "logit_bias": {"5": -100, "6": 1.5}, "min_tokens": 2, "ignore_eos": true,
      "stop_token_ids": [9], "include_stop_str_in_output": true, "skip_special_tokens": false,
      "add_special_tokens": false, "user": "u", "suffix": null, "unknown": {"x": [1]}})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  const GenerationRequest& generation = request->generation;
  EXPECT_EQ(generation.model, "m");
  EXPECT_EQ(generation.max_tokens, 7);
  EXPECT_EQ(generation.seed, ~std::uint64_t{0});
  EXPECT_TRUE(generation.stream && generation.include_usage && request->echo && !request->add_special_tokens);
  const Request& engine = generation.engine;
  EXPECT_EQ(engine.choices, 3);
  EXPECT_EQ(engine.logprobs, 2);
  EXPECT_EQ(engine.prompt_logprobs, 2) << "echo brings the prompt's too";
  EXPECT_EQ(engine.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(engine.stop_token_ids, std::vector<TokenId>{9});
  EXPECT_EQ(engine.min_tokens, 2);
  EXPECT_TRUE(engine.ignore_eos && engine.include_stop_in_output && !engine.skip_special_tokens);
  EXPECT_FLOAT_EQ(engine.sampling.temperature, 0.5f);
  EXPECT_FLOAT_EQ(engine.sampling.top_p, 0.9f);
  EXPECT_EQ(engine.sampling.top_k, 40);
  EXPECT_FLOAT_EQ(engine.sampling.min_p, 0.1f);
  EXPECT_FLOAT_EQ(engine.sampling.repetition_penalty, 1.1f);
  EXPECT_FLOAT_EQ(engine.sampling.presence_penalty, -1);
  EXPECT_FLOAT_EQ(engine.sampling.frequency_penalty, 2);
  EXPECT_EQ(engine.sampling.logit_bias, (std::vector<std::pair<TokenId, float>>{{5, -100.0f}, {6, 1.5f}}));
}

TEST(CompletionRequest, TheModelsDefaultsHoldWhereTheRequestIsSilent) {
  ParseContext context = kContext;
  context.defaults.temperature = 0.6f;
  context.defaults.top_k = 20;
  const auto silent = completion(R"({"prompt": "Hi", "temperature": null})", context);
  EXPECT_FLOAT_EQ(silent->generation.engine.sampling.temperature, 0.6f);
  EXPECT_EQ(silent->generation.engine.sampling.top_k, 20);
  const auto loud = completion(R"({"prompt": "Hi", "temperature": 0, "top_k": -1})", context);
  EXPECT_FLOAT_EQ(loud->generation.engine.sampling.temperature, 0);
  EXPECT_EQ(loud->generation.engine.sampling.top_k, -1);
}

TEST(CompletionRequest, ReadsABeamSearch) {
  ParseContext context = kContext;
  context.defaults.temperature = 0.6f;
  context.defaults.top_p = 0.9f;
  const auto search = [&](std::string_view fields) {
    const auto request = completion(with(kPrompt, fields), context);
    EXPECT_TRUE(request.has_value()) << request.error().message;
    return request->generation.engine;
  };
  const Request plain = search(R"("use_beam_search": true, "n": 4, "best_of": 4)");
  ASSERT_TRUE(plain.beams.has_value());
  EXPECT_EQ(plain.choices, 4);
  EXPECT_EQ(plain.beams->length_penalty, 1);
  EXPECT_EQ(plain.beams->early_stopping, EarlyStopping::kNever);
  EXPECT_EQ(plain.sampling.temperature, 1) << "the model's defaults are for sampling";
  EXPECT_EQ(plain.sampling.top_p, 1);
  const Request full = search(
      R"("use_beam_search": true, "length_penalty": 0.5, "early_stopping": true, "temperature": 0, "top_k": -1,
      "top_p": 1, "stop_token_ids": [3], "min_tokens": 2, "stop": "", "logprobs": 2, "seed": 5)");
  EXPECT_EQ(full.beams->length_penalty, 0.5);
  EXPECT_EQ(full.beams->early_stopping, EarlyStopping::kFirst);
  EXPECT_EQ(search(R"("use_beam_search": true, "early_stopping": false)").beams->early_stopping,
            EarlyStopping::kHeuristic);
  EXPECT_EQ(search(R"("use_beam_search": true, "early_stopping": "never")").beams->early_stopping,
            EarlyStopping::kNever);
  const Request none = search(R"("use_beam_search": false, "length_penalty": 0.5, "stop": "x")");
  EXPECT_FALSE(none.beams.has_value());
  EXPECT_FLOAT_EQ(none.sampling.temperature, 0.6f);
}

TEST(CompletionRequest, NothingToGenerateNeedsAReason) {
  EXPECT_EQ(completion(R"({"prompt": "Hi", "max_tokens": 0})").error().field, "max_tokens");
  EXPECT_TRUE(completion(R"({"prompt": "Hi", "max_tokens": 0, "echo": true})")
                  ->generation.engine.prompt_logprobs.has_value());
  EXPECT_TRUE(completion(R"({"prompt": "Hi", "max_tokens": 0, "prompt_logprobs": 1})").has_value());
}

TEST(ChatRequest, ReadsMessages) {
  const auto request = chat(R"({"messages": [
      {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
      {"role": "user", "content": "Hi", "name": "n"},
      {"role": "assistant", "content": null, "reasoning": "r", "tool_calls": [{"id": "1", "type": "function",
       "function": {"name": "f", "arguments": "{\"x\": [1, 2.5]}"}}, {"function": {"name": "g"}}]},
      {"role": "tool", "content": "", "tool_call_id": "1"}],
      "chat_template_kwargs": {"enable_thinking": false}, "add_generation_prompt": false})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  const ChatTemplateInput& conversation = request->conversation;
  EXPECT_EQ(conversation.messages.size(), 4u);
  EXPECT_EQ(conversation.messages[0].at("content").as_string(), "a\nb");
  EXPECT_EQ(conversation.messages[1].at("name").as_string(), "n");
  EXPECT_TRUE(conversation.messages[2].at("content").is_null());
  EXPECT_EQ(conversation.messages[2].at("reasoning_content"), "r") << "templates know it by this name";
  const json::array& calls = conversation.messages[2].at("tool_calls").as_array();
  EXPECT_EQ(calls.at(0),
            (json::object{{"id", "1"},
                          {"type", "function"},
                          {"function", {{"name", "f"}, {"arguments", {{"x", json::array{1, 2.5}}}}}}}))
      << "templates want arguments as an object";
  EXPECT_EQ(calls.at(1).at("function").at("arguments"), json::object{});
  EXPECT_FALSE(conversation.extra.at("enable_thinking").as_bool());
  EXPECT_FALSE(conversation.add_generation_prompt || request->add_special_tokens);
}

TEST(ChatRequest, MaxCompletionTokensIsTheNewerName) {
  EXPECT_EQ(chat(with(kMessages, ""))->generation.max_tokens, std::nullopt);
  EXPECT_EQ(chat(with(kMessages, R"("max_tokens": 5)"))->generation.max_tokens, 5);
  const auto both = chat(with(kMessages, R"("max_tokens": 5, "max_completion_tokens": 9)"));
  EXPECT_EQ(both->generation.max_tokens, 9);
  EXPECT_EQ(both->generation.max_tokens_field, "max_completion_tokens");
}

TEST(ChatRequest, LogprobsAreASwitchAndANumber) {
  EXPECT_EQ(chat(with(kMessages, ""))->generation.engine.logprobs, std::nullopt);
  EXPECT_EQ(chat(with(kMessages, R"("logprobs": true)"))->generation.engine.logprobs, 0);
  EXPECT_EQ(chat(with(kMessages, R"("logprobs": true, "top_logprobs": 5)"))->generation.engine.logprobs, 5);
}

TEST(ChatRequest, ReadsToolsAndWhichToCall) {
  using Mode = ToolChoice::Mode;
  constexpr std::string_view kTools =
      R"("tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true,
      "parameters": {"type": "object", "properties": {"x": {"type": "number"}}}}}, {"function": {"name": "g"}}])";
  const auto with_tools = [&](std::string_view fields) {
    auto request = chat(with(kMessages, std::string(kTools) + std::string(fields)));
    EXPECT_TRUE(request.has_value()) << request.error().message;
    return *request;
  };
  const ChatRequest plain = with_tools("");
  EXPECT_EQ(plain.tool_choice.mode, Mode::kAuto);
  EXPECT_TRUE(plain.parallel_tool_calls);
  const json::object parameters{{"type", "object"}, {"properties", {{"x", {{"type", "number"}}}}}};
  EXPECT_EQ(plain.conversation.tools.at(0),
            (json::object{{"type", "function"},
                          {"function", {{"name", "f"}, {"description", "d"}, {"parameters", parameters}}}}));
  EXPECT_EQ(plain.conversation.tools.at(1),
            (json::object{{"type", "function"}, {"function", {{"name", "g"}}}}));
  EXPECT_EQ(with_tools(R"(, "tool_choice": "none")").tool_choice.mode, Mode::kNone);
  EXPECT_EQ(with_tools(R"(, "tool_choice": "required")").tool_choice.mode, Mode::kRequired);
  const ChatRequest named = with_tools(
      R"(, "parallel_tool_calls": false, "tool_choice": {"type": "function", "function": {"name": "g"}})");
  EXPECT_EQ(named.tool_choice.mode, Mode::kNamed);
  EXPECT_EQ(named.tool_choice.function, "g");
  EXPECT_FALSE(named.parallel_tool_calls);
}

TEST(ChatRequest, ToolsAreBounded) {
  std::string many = R"("tools": [{"function": {"name": "f"}})";
  for (std::size_t i = 0; i < kMaxTools; ++i) many += R"(,{"function": {"name": "f"}})";
  const auto too_many = chat(with(kMessages, many + "]"));
  ASSERT_FALSE(too_many.has_value());
  EXPECT_EQ(too_many.error().field, "tools");
  const auto nested = [](int depth) {
    std::string schema = "1";
    for (int i = 0; i < depth; ++i) schema = R"({"a":)" + schema + "}";
    return chat(with(kMessages, R"("tools": [{"function": {"name": "f", "parameters": )" + schema + "}}]"));
  };
  EXPECT_TRUE(nested(kMaxSchemaDepth).has_value());
  EXPECT_EQ(nested(kMaxSchemaDepth + 1).error().field, "tools[0].function.parameters");
  const std::string name(kMaxToolNameBytes + 1, 'f');
  EXPECT_EQ(chat(with(kMessages, R"("tools": [{"function": {"name": ")" + name + "\"}}]")).error().field,
            "tools[0].function.name");
}

TEST(ChatRequest, GoesOnWithTheLastMessage) {
  const auto request = chat(with(kMessages, R"("continue_final_message": true)"));
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(request->conversation.continue_final_message);
  EXPECT_FALSE(request->conversation.add_generation_prompt);
}

TEST(ChatRequest, EffortIsAVariableOfTheTemplate) {
  const json::object low = chat(with(kMessages, R"("reasoning_effort": "low")"))->conversation.extra;
  EXPECT_EQ(low, (json::object{{"reasoning_effort", "low"}}));
  const json::object none =
      chat(with(kMessages, R"("reasoning_effort": "none", "chat_template_kwargs": {"a": 1})"))
          ->conversation.extra;
  EXPECT_EQ(none, (json::object{{"a", 1}, {"reasoning_effort", "none"}, {"enable_thinking", false}}));
}

TEST(ChatRequest, WhatAsksForNothingIsNotRefused) {
  for (const char* fields :
       {R"("tools": [])", R"("tools": null)", R"("tool_choice": "none")", R"("tool_choice": "auto")",
        R"("response_format": {"type": "text"})", R"("functions": [])", R"("function_call": "none")",
        R"("modalities": ["text"])", R"("continue_final_message": false)", R"("parallel_tool_calls": true)",
        R"("metadata": {"a": "b"})", R"("store": false)", R"("echo": false)"})
    EXPECT_TRUE(chat(with(kMessages, fields)).has_value()) << fields;
}

struct BadRequest {
  const char* fields;  // added to a valid body; or a whole body, where it begins with '{' or is no object
  const char* param;
  const char* message;  // a part of it
};

std::string body_of(const BadRequest& bad, std::string_view required) {
  return bad.fields[0] == '"' ? with(required, bad.fields) : bad.fields;
}

/// What an endpoint would answer.
template <class T>
void expect_refused(const Result<T>& result, const BadRequest& bad) {
  ASSERT_FALSE(result.has_value()) << bad.fields;
  const ApiError error(result.error());
  EXPECT_EQ(error.status, 400) << bad.fields;
  EXPECT_EQ(error.type, "invalid_request_error");
  EXPECT_EQ(error.param, bad.param) << bad.fields;
  EXPECT_NE(error.message.find(bad.message), std::string::npos) << bad.fields << ": " << error.message;
}

constexpr BadRequest kBadEverywhere[] = {
    {"", "", "not valid JSON"},
    {"{", "", "not valid JSON"},
    {"[]", "", "must be a JSON object, got array"},
    {"nul", "", "not valid JSON"},
    {"{\"prompt\": \"\xff\"}", "", "not valid JSON"},
    {R"("model": 5)", "model", "'model' must be a string, got number"},
    {R"("temperature": "warm")", "temperature", "'temperature' must be a number, got string"},
    {R"("temperature": true)", "temperature", "got boolean"},
    {R"("temperature": -0.1)", "temperature", "-0.1"},
    {R"("temperature": 1e300)", "temperature", "1e+300"},
    {R"("top_p": 0)", "top_p", "(0, 1]"},
    {R"("top_p": 1.5)", "top_p", "1.5"},
    {R"("top_k": -2)", "top_k", "-2"},
    {R"("top_k": 1.5)", "top_k", "1.5"},
    {R"("min_p": 2)", "min_p", "2"},
    {R"("repetition_penalty": 0)", "repetition_penalty", "0"},
    {R"("presence_penalty": 3)", "presence_penalty", "3"},
    {R"("frequency_penalty": -3)", "frequency_penalty", "-3"},
    {R"("max_tokens": -1)", "max_tokens", "-1"},
    {R"("max_tokens": 1e10)", "max_tokens", "must be an integer in 0.."},
    {R"("max_tokens": "7")", "max_tokens", "must be an integer, got string"},
    {R"("max_tokens": 0)", "max_tokens", "at least 1"},
    {R"("n": 0)", "n", "1..128"},
    {R"("n": 129)", "n", "1..128"},
    {R"("n": [])", "n", "got array"},
    {R"("seed": 0.5)", "seed", "64 bits"},
    {R"("seed": "x")", "seed", "got string"},
    {R"("stream": 1)", "stream", "must be a boolean, got number"},
    {R"("stream_options": {"include_usage": true})", "stream_options", "only when 'stream' is true"},
    {R"("stream": true, "stream_options": 5)", "stream_options", "must be an object"},
    {R"("stream": true, "stream_options": {"include_usage": 1})", "stream_options.include_usage", "boolean"},
    {R"("stream": true, "prompt_logprobs": 1)", "prompt_logprobs", "not available when 'stream'"},
    {R"("prompt_logprobs": 21)", "prompt_logprobs", "0..20"},
    {R"("stop": 5)", "stop", "a string or a list of strings"},
    {R"("stop": ["a", 5])", "stop", "a string or a list of strings"},
    {R"("stop_token_ids": [-1])", "stop_token_ids", "got -1 at index 0"},
    {R"("stop_token_ids": 7)", "stop_token_ids", "a list of token ids"},
    {R"("ignore_eos": "no")", "ignore_eos", "boolean"},
    {R"("min_tokens": -1)", "min_tokens", "-1"},
    {R"("min_tokens": 9, "max_tokens": 8)", "min_tokens", "more than 'max_tokens' (8)"},
    {R"("logit_bias": [])", "logit_bias", "an object"},
    {R"("logit_bias": {"x": 1})", "logit_bias", "got 'x'"},
    {R"("logit_bias": {"1x": 1})", "logit_bias", "got '1x'"},
    {R"("logit_bias": {"1": "2"})", "logit_bias", "got string for token 1"},
    {R"("logit_bias": {"1": 101})", "logit_bias", "101"},
    {R"("logit_bias": {"512": 1})", "logit_bias", "512"},
    {R"("logit_bias": {"-1": 1})", "logit_bias", "-1"},
    {R"("response_format": {"type": "json_object"})", "response_format", "not supported"},
    {R"("guided_json": {"type": "object"})", "guided_json", "not supported"},
    {R"("use_beam_search": 1)", "use_beam_search", "boolean"},
    {R"("length_penalty": "1")", "length_penalty", "number"},
    {R"("early_stopping": "always")", "early_stopping", "true, false or 'never'"},
    {R"("early_stopping": 1)", "early_stopping", "true, false or 'never', got number"},
    {R"("use_beam_search": true, "length_penalty": 10.5)", "length_penalty", "10.5"},
    {R"("use_beam_search": true, "stream": true)", "stream", "known at the end"},
    {R"("use_beam_search": true, "stop": "x")", "stop", "'stop_token_ids' is"},
    {R"("use_beam_search": true, "max_tokens": 0, "prompt_logprobs": 1)", "max_tokens", "at least 1"},
    {R"("use_beam_search": true, "n": 129)", "n", "128"},
    {R"("use_beam_search": true, "temperature": 0.7)", "temperature", "beam search"},
    {R"("use_beam_search": true, "top_p": 0.9)", "top_p", "beam search"},
    {R"("use_beam_search": true, "top_k": 40)", "top_k", "beam search"},
    {R"("use_beam_search": true, "min_p": 0.1)", "min_p", "beam search"},
    {R"("use_beam_search": true, "repetition_penalty": 1.1)", "repetition_penalty", "beam search"},
    {R"("use_beam_search": true, "presence_penalty": 1)", "presence_penalty", "beam search"},
    {R"("use_beam_search": true, "frequency_penalty": 1)", "frequency_penalty", "beam search"},
    {R"("use_beam_search": true, "logit_bias": {"5": 1})", "logit_bias", "beam search"},
    {R"("use_beam_search": true, "response_format": {"type": "json_object"})", "response_format",
     "not supported"},
    {R"("bad_words": ["x"])", "bad_words", "not supported"},
    {R"("add_special_tokens": 1)", "add_special_tokens", "boolean"},
};

constexpr BadRequest kBadCompletions[] = {
    {"{}", "prompt", "required"},
    {R"({"prompt": null})", "prompt", "required"},
    {R"({"prompt": ""})", "prompt", "must not be empty"},
    {R"({"prompt": []})", "prompt", "must not be empty"},
    {R"({"prompt": [[]]})", "prompt", "must not be empty"},
    {R"({"prompt": ["a", ""]})", "prompt", "must not be empty"},
    {R"({"prompt": 5})", "prompt", "got number"},
    {R"({"prompt": {}})", "prompt", "got object"},
    {R"({"prompt": [1, "a"]})", "prompt", "got string at index 1"},
    {R"({"prompt": [1, -1]})", "prompt", "got -1 at index 1"},
    {R"({"prompt": [1, 1.5]})", "prompt", "at index 1"},
    {R"({"prompt": [1, 99999999999]})", "prompt", "at index 1"},
    {R"({"prompt": ["a", 1]})", "prompt", "got number"},
    {R"("suffix": "x")", "suffix", "not supported"},
    {R"("best_of": 2)", "best_of", "unless it equals 'n' (1)"},
    {R"("logprobs": 21)", "logprobs", "0..20"},
    {R"("logprobs": true)", "logprobs", "got boolean"},
    {R"("echo": "yes")", "echo", "boolean"},
};

constexpr BadRequest kBadChats[] = {
    {"{}", "messages", "required"},
    {R"({"messages": []})", "messages", "must not be empty"},
    {R"({"messages": "Hi"})", "messages", "got string"},
    {R"({"messages": ["Hi"]})", "messages[0]", "got string"},
    {R"({"messages": [{"content": "Hi"}]})", "messages[0].role", "role"},
    {R"({"messages": [{"role": 5, "content": "Hi"}]})", "messages[0].role", "role"},
    {R"({"messages": [{"role": "user"}]})", "messages[0].content", "required"},
    {R"({"messages": [{"role": "assistant", "content": null}]})", "messages[0].content", "required"},
    {R"({"messages": [{"role": "user", "content": 5}]})", "messages[0].content", "got number"},
    {R"({"messages": [{"role": "user", "content": ["x"]}]})", "messages[0].content[0]", "got string"},
    {R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})", "messages[0].content[0].type",
     "'image_url'"},
    {R"({"messages": [{"role": "user", "content": [{"type": "text"}]}]})", "messages[0].content[0].text",
     "string"},
    {R"({"messages": [{"role": "user", "content": "x", "name": 5}]})", "messages[0].name", "got number"},
    {R"("max_completion_tokens": 0)", "max_completion_tokens", "at least 1"},
    {R"("logprobs": 1)", "logprobs", "boolean"},
    {R"("top_logprobs": 2)", "top_logprobs", "needs 'logprobs'"},
    {R"("logprobs": true, "top_logprobs": 21)", "top_logprobs", "0..20"},
    {R"("tools": {})", "tools", "a list of tools, got object"},
    {R"("tools": ["f"])", "tools[0]", "an object, got string"},
    {R"("tools": [{"type": "function"}])", "tools[0].function", "'tools[0].function' must be an object"},
    {R"("tools": [{"type": "custom", "function": {"name": "f"}}])", "tools[0].type", "'custom'"},
    {R"("tools": [{"type": 5, "function": {"name": "f"}}])", "tools[0].type", "got number"},
    {R"("tools": [{"function": {}}])", "tools[0].function.name", "required"},
    {R"("tools": [{"function": {"name": ""}}])", "tools[0].function.name", "required"},
    {R"("tools": [{"function": {"name": 5}}])", "tools[0].function.name", "got number"},
    {R"("tools": [{"function": {"name": "f", "description": 5}}])", "tools[0].function.description",
     "string"},
    {R"("tools": [{"function": {"name": "f", "parameters": "x"}}])", "tools[0].function.parameters",
     "an object"},
    {R"("tool_choice": "any")", "tool_choice", "must be 'none'"},
    {R"("tool_choice": 5)", "tool_choice", "must be 'none'"},
    {R"("tool_choice": {"type": "function"})", "tool_choice", "must be 'none'"},
    {R"("tool_choice": {"type": "function", "function": {"name": 5}})", "tool_choice", "must be 'none'"},
    {R"("tool_choice": "required")", "tool_choice", "no 'tools'"},
    {R"("tools": [{"function": {"name": "f"}}], "tool_choice": {"type": "function", "function": {"name": "g"}})",
     "tool_choice", "'g'"},
    {R"("parallel_tool_calls": 1)", "parallel_tool_calls", "boolean"},
    {R"("reasoning_effort": 1)", "reasoning_effort", "string"},
    {R"({"messages": [{"role": "assistant", "content": "", "tool_calls": {}}]})", "messages[0].tool_calls",
     "a list of calls"},
    {R"({"messages": [{"role": "assistant", "tool_calls": [5]}]})", "messages[0].tool_calls[0]", "an object"},
    {R"({"messages": [{"role": "assistant", "tool_calls": []}]})", "messages[0].content", "required"},
    {R"({"messages": [{"role": "assistant", "tool_calls": [{}]}]})", "messages[0].tool_calls[0].function",
     "an object"},
    {R"({"messages": [{"role": "assistant", "tool_calls": [{"type": "x", "function": {"name": "f"}}]}]})",
     "messages[0].tool_calls[0].type", "'x'"},
    {R"({"messages": [{"role": "assistant", "tool_calls": [{"id": 1, "function": {"name": "f"}}]}]})",
     "messages[0].tool_calls[0].id", "string"},
    {R"({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": ""}}]}]})",
     "messages[0].tool_calls[0].function.name", "required"},
    {R"({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]})",
     "messages[0].tool_calls[0].function.arguments", "not JSON"},
    {R"({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]}]})",
     "messages[0].tool_calls[0].function.arguments", "got array"},
    {R"({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": 1}}]}]})",
     "messages[0].tool_calls[0].function.arguments", "got number"},
    {R"({"messages": [{"role": "user", "content": null, "tool_calls": [{"function": {"name": "f"}}]}]})",
     "messages[0].content", "required"},
    {R"({"messages": [{"role": "tool", "content": "x", "tool_call_id": 5}]})", "messages[0].tool_call_id",
     "string"},
    {R"({"messages": [{"role": "assistant", "content": "x", "reasoning_content": []}]})",
     "messages[0].reasoning_content", "string"},
    {R"("functions": [{}])", "functions", "not supported"},
    {R"("continue_final_message": true, "add_generation_prompt": true)", "continue_final_message", "both"},
    {R"("chat_template_kwargs": [])", "chat_template_kwargs", "an object"},
    {R"("add_generation_prompt": 0)", "add_generation_prompt", "boolean"},
    {R"("echo": true)", "echo", "not supported"},
};

TEST(OpenAiRequest, BadBodiesAreRefusedByName) {
  for (const BadRequest& bad : kBadEverywhere) {
    expect_refused(completion(body_of(bad, kPrompt)), bad);
    expect_refused(chat(body_of(bad, kMessages)), bad);
  }
  for (const BadRequest& bad : kBadCompletions) expect_refused(completion(body_of(bad, kPrompt)), bad);
  for (const BadRequest& bad : kBadChats) expect_refused(chat(body_of(bad, kMessages)), bad);
}

TEST(OpenAiRequest, ListsAreBounded) {
  std::string many = R"("stop": ["a")";
  for (int i = 0; i < 100; ++i) many += R"(,"a")";
  expect_refused(completion(with(kPrompt, many + "]")), {many.c_str(), "stop", "at most 64"});
  const std::string longest = R"("stop": ")" + std::string(kMaxStopStringBytes + 1, 'x') + "\"";
  expect_refused(completion(with(kPrompt, longest)), {"a long stop string", "stop", "at most 4096"});
}

TEST(TokenizeRequest, TakesAPromptOrMessages) {
  const auto parse = [](std::string_view body) { return parse_tokenize_request(*parse_body(body)); };
  const auto prompt = parse(R"({"prompt": "", "return_token_strs": true})");
  ASSERT_TRUE(prompt.has_value());
  EXPECT_EQ(std::get<std::string>(prompt->input), "");
  EXPECT_TRUE(prompt->add_special_tokens && prompt->return_token_strs);
  const auto messages =
      parse(R"({"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": false})");
  ASSERT_TRUE(messages.has_value());
  EXPECT_FALSE(messages->add_special_tokens);
  EXPECT_FALSE(std::get<ChatTemplateInput>(messages->input).add_generation_prompt);
  expect_refused(parse("{}"), {"{}", "prompt", "'prompt' or 'messages'"});
  expect_refused(parse(R"({"prompt": 5})"), {"5", "prompt", "got number"});
  expect_refused(parse(R"({"messages": []})"), {"[]", "messages", "empty"});
}

TEST(DetokenizeRequest, TakesTokens) {
  const auto parse = [](std::string_view body) { return parse_detokenize_request(*parse_body(body)); };
  EXPECT_EQ(parse(R"({"tokens": [1, 2]})")->tokens, (std::vector<TokenId>{1, 2}));
  EXPECT_TRUE(parse(R"({"tokens": []})")->tokens.empty());
  expect_refused(parse("{}"), {"{}", "tokens", "required"});
  expect_refused(parse(R"({"tokens": "x"})"), {"x", "tokens", "list of token ids"});
  expect_refused(parse(R"({"tokens": [-1]})"), {"-1", "tokens", "-1"});
}

}  // namespace
}  // namespace loci
