// The server end to end: loopback sockets, the real engine, the embedded model.
#include "server/server.h"

#include <gtest/gtest.h>

#include "server/routes.h"
#include "server/testing/live_server.h"

namespace loci {
namespace {

using testing::LiveServer;
using testing::LoopbackClient;
using testing::parsed;
using testing::sse_events;

constexpr const char* kName = "org/tiny";

/// One server for all tests that do not end it.
LiveServer& shared_server() {
  static LiveServer server({}, {}, {.max_model_len = 256, .max_num_seqs = 16}, {kName, "alias"});
  return server;
}

std::string error_param(const HttpResponse& response) {
  const json::object body = parsed(response.body);
  const json::value* param = find_field(body.at("error").as_object(), "param");
  return param != nullptr ? std::string(param->as_string()) : "";
}
std::string error_code(const HttpResponse& response) {
  const json::object body = parsed(response.body);
  const json::value* code = find_field(body.at("error").as_object(), "code");
  return code != nullptr ? std::string(code->as_string()) : "";
}
std::string error_message(const HttpResponse& response) {
  return std::string(parsed(response.body).at("error").at("message").as_string());
}

json::object complete(const std::string& body) {
  const HttpResponse response = shared_server().post("/v1/completions", body);
  EXPECT_EQ(response.status, 200) << response.body;
  return parsed(response.body);
}

std::vector<json::object> stream(const std::string& path, const std::string& body) {
  const HttpResponse response = shared_server().post(path, body);
  EXPECT_EQ(response.status, 200) << response.body;
  std::vector<std::string> events = sse_events(response.body);
  EXPECT_FALSE(events.empty());
  if (events.empty()) return {};
  EXPECT_EQ(events.back(), "[DONE]");
  events.pop_back();
  std::vector<json::object> chunks;
  for (const std::string& event : events) chunks.push_back(parsed(event));
  return chunks;
}

// ---- what holds for every route

TEST(Server, AnswersBeforeItHasAModel) {
  auto server = Server::start({.http = {.port = 0}});
  ASSERT_TRUE(server.has_value());
  const auto get = [&](std::string_view path) {
    LoopbackClient client((*server)->port());
    client.get(path);
    return client.read_response();
  };
  EXPECT_EQ(get("/health/live").status, 200);
  EXPECT_EQ(get("/version").status, 200);
  EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(get("/metrics").status, 200);
  for (const char* path : {"/health", "/health/ready", "/v1/models"}) {
    const HttpResponse response = get(path);
    EXPECT_EQ(response.status, 503) << path;
    EXPECT_NE(find_header(response.headers, "Retry-After"), nullptr);
    EXPECT_NE(error_message(response), "");
  }
  EXPECT_EQ(get("/nothing").status, 404);
}

TEST(Server, HealthIsReadyWithAModel) {
  for (const char* path : {"/health", "/health/live", "/health/ready"})
    EXPECT_EQ(shared_server().get(path).status, 200);
}

TEST(Server, UnknownPathsAndWrongMethodsAreToldApart) {
  const HttpResponse unknown = shared_server().get("/v1/nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(error_message(unknown).find("/v1/nothing"), std::string::npos);
  const HttpResponse wrong = shared_server().get("/v1/completions");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(*find_header(wrong.headers, "Allow"), "POST, OPTIONS");
}

TEST(Server, RequestIdsAreEchoedOrMade) {
  EXPECT_EQ(*find_header(shared_server().get("/health", "X-Request-Id: abc-1\r\n").headers, "X-Request-Id"),
            "abc-1");
  EXPECT_EQ(find_header(shared_server().get("/health").headers, "X-Request-Id")->size(), 32u);
  EXPECT_EQ(
      find_header(shared_server().get("/health", "X-Request-Id: a b\r\n").headers, "X-Request-Id")->size(),
      32u);
}

TEST(Server, AllAnswersCarryTheOrigin) {
  const std::string origin = "Origin: https://page.example\r\n";
  const auto expect_echoed = [](const HttpResponse& response, int status) {
    EXPECT_EQ(response.status, status);
    const std::string* echoed = find_header(response.headers, "Access-Control-Allow-Origin");
    ASSERT_NE(echoed, nullptr) << status;
    EXPECT_EQ(*echoed, "https://page.example");
    EXPECT_EQ(*find_header(response.headers, "Vary"), "Origin");
  };
  LiveServer& server = shared_server();
  expect_echoed(server.get("/health", origin), 200);
  expect_echoed(server.get("/nothing", origin), 404);
  expect_echoed(server.get("/v1/completions", origin), 405);
  expect_echoed(server.post("/v1/completions", "{", origin), 400);
  expect_echoed(server.post("/v1/completions", R"({"prompt": "a", "max_tokens": 1, "stream": true})", origin),
                200);
  LoopbackClient large = server.client();
  large.send("POST /v1/completions HTTP/1.1\r\n" + origin + "Content-Length: 99999999999\r\n\r\n");
  expect_echoed(large.read_response(), 413);
}

TEST(Server, APreflightNeedsNoKey) {
  LiveServer server({}, {.http = {}, .api_keys = {"secret"}, .allowed_origins = {"*"}},
                    {.max_model_len = 64, .max_num_seqs = 2});
  LoopbackClient client = server.client();
  client.send(
      "OPTIONS /v1/chat/completions HTTP/1.1\r\nOrigin: https://page.example\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n\r\n");
  const HttpResponse preflight = client.read_response();
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(*find_header(preflight.headers, "Access-Control-Allow-Origin"), "https://page.example");
  EXPECT_EQ(*find_header(preflight.headers, "Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(*find_header(preflight.headers, "Access-Control-Allow-Headers"), "*");
  EXPECT_NE(find_header(preflight.headers, "Access-Control-Allow-Methods")->find("POST"), std::string::npos);
  client.get("/health");
  EXPECT_EQ(client.read_response().status, 200) << "the connection goes on after a preflight";

  for (const Route& route : routes()) {
    std::string path(route.path);
    if (path.ends_with('*')) path.replace(path.size() - 1, 1, "x");
    const auto ask = [&](std::string_view headers) {
      return route.method == "GET" ? server.get(path, headers) : server.post(path, "{}", headers);
    };
    const HttpResponse without = ask("");
    if (route.access == Access::kOpen) {
      EXPECT_EQ(without.status, 200) << path;
    } else {
      EXPECT_EQ(without.status, 401) << path;
      if (error_shape(path) == ErrorShape::kOpenAi) {
        EXPECT_EQ(error_code(without), "invalid_api_key");
      }
      EXPECT_EQ(ask("Authorization: Bearer wrong\r\n").status, 401) << path;
      EXPECT_NE(ask("Authorization: Bearer secret\r\n").status, 401) << path;
    }
  }
  EXPECT_EQ(server.get("/nothing").status, 401) << "not even what is there is told without a key";
}

// ---- models, tokens, page

TEST(Server, ListsItsModels) {
  const json::object list = parsed(shared_server().get("/v1/models").body);
  EXPECT_EQ(list.at("object").as_string(), "list");
  const json::object& first = list.at("data").as_array().at(0).as_object();
  EXPECT_EQ(first.at("id").as_string(), kName);
  EXPECT_EQ(first.at("object").as_string(), "model");
  EXPECT_EQ(first.at("owned_by").as_string(), "loci");
  EXPECT_EQ(first.at("max_model_len").as_int64(), 256);
  for (const char* path :
       {"/v1/models/org/tiny", "/v1/models/org%2Ftiny", "/models/org/tiny", "/v1/models/alias"})
    EXPECT_EQ(shared_server().get(path).status, 200) << path;
  const HttpResponse unknown = shared_server().get("/v1/models/other");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(error_code(unknown), "model_not_found");
}

TEST(Server, AnUnknownModelIsRefusedByName) {
  for (const char* path : {"/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize"}) {
    const HttpResponse response = shared_server().post(
        path,
        R"({"model": "gpt-9", "prompt": "a", "messages": [{"role": "user", "content": "a"}], "tokens": [1]})");
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(error_code(response), "model_not_found");
    EXPECT_EQ(error_param(response), "model");
    EXPECT_NE(error_message(response).find("'gpt-9'"), std::string::npos);
    EXPECT_NE(error_message(response).find(kName), std::string::npos);
  }
  EXPECT_EQ(complete(R"({"model": "alias", "prompt": "a", "max_tokens": 1})").at("model").as_string(), kName);
}

TEST(Server, TokenizesThereAndBack) {
  const json::object there = parsed(
      shared_server()
          .post(
              "/tokenize",
              R"({"prompt": "Hello there, it is day", "add_special_tokens": false, "return_token_strs": true})")
          .body);
  const json::array& tokens = there.at("tokens").as_array();
  EXPECT_EQ(there.at("count").as_int64(), std::ssize(tokens));
  EXPECT_EQ(there.at("token_strs").as_array().size(), tokens.size());
  EXPECT_EQ(there.at("max_model_len").as_int64(), 256);
  const json::object back =
      parsed(shared_server().post("/v1/detokenize", json::serialize(json::object{{"tokens", tokens}})).body);
  EXPECT_EQ(back.at("prompt").as_string(), "Hello there, it is day");

  const json::object chat = parsed(
      shared_server().post("/tokenize", R"({"messages": [{"role": "user", "content": "Hello"}]})").body);
  EXPECT_GT(chat.at("count").as_int64(), 1);
  EXPECT_TRUE(chat.at("token_strs").is_null());
  const HttpResponse outside = shared_server().post("/detokenize", R"({"tokens": [99999999]})");
  EXPECT_EQ(outside.status, 400);
  EXPECT_EQ(error_param(outside), "tokens");
}

TEST(Server, ThePageIsWholeAndAllowedNothingElse) {
  const HttpResponse page = shared_server().get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(find_header(page.headers, "Content-Type")->starts_with("text/html"));
  EXPECT_TRUE(page.body.starts_with("<!doctype html>"));
  EXPECT_EQ(page.body.find("@style@"), std::string::npos);
  EXPECT_EQ(page.body.find("@script@"), std::string::npos);
  const std::size_t script = page.body.find("<script");
  EXPECT_EQ(page.body.find("</script"), page.body.rfind("</script")) << "the script does not end early";
  EXPECT_EQ(page.body.find("<script", script + 1), std::string::npos);
  EXPECT_EQ(page.body.find("innerHTML ="), std::string::npos);
  for (const char* elsewhere : {"src=\"http", "href=\"http", "@import", "url("})
    EXPECT_EQ(page.body.find(elsewhere), std::string::npos) << elsewhere;
  const std::string& policy = *find_header(page.headers, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'sha256-")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
}

TEST(Server, ThePageIsSentOnce) {
  const HttpResponse page = shared_server().get("/");
  const std::string etag = *find_header(page.headers, "ETag");
  LoopbackClient client = shared_server().client();
  client.get("/", "If-None-Match: W/\"other\", " + etag + "\r\n");
  const HttpResponse again = client.read_response();
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(*find_header(again.headers, "ETag"), etag);
  EXPECT_EQ(find_header(again.headers, "Content-Length"), nullptr);
  client.get("/health/live");
  EXPECT_EQ(client.read_response().status, 200) << "the connection goes on: a 304 has no body";
}

TEST(Server, WhoAsksForTextIsToldWhatRunsHere) {
  const HttpResponse text = shared_server().get("/", "Accept: text/plain\r\n");
  EXPECT_EQ(text.status, 200);
  EXPECT_TRUE(find_header(text.headers, "Content-Type")->starts_with("text/plain"));
  EXPECT_NE(text.body.find(kName), std::string::npos);
  EXPECT_NE(text.body.find("curl http://x/v1/chat/completions"), std::string::npos);
  const HttpResponse browser = shared_server().get("/", "Accept: text/html, text/plain;q=0.5\r\n");
  EXPECT_TRUE(find_header(browser.headers, "Content-Type")->starts_with("text/html"));
}

TEST(Server, CountsWhatItDoes) {
  complete(R"({"prompt": "a", "max_tokens": 4, "ignore_eos": true})");
  ASSERT_TRUE(shared_server().becomes_idle()) << "an answer may come before its step ends";
  const std::string metrics = shared_server().get("/metrics").body;
  for (const char* line :
       {"vllm:num_requests_running{model_name=\"org/tiny\"} 0",
        "vllm:num_requests_waiting{model_name=\"org/tiny\"} 0",
        "vllm:kv_cache_usage_perc{model_name=\"org/tiny\"} 0",
        "vllm:time_to_first_token_seconds_bucket{model_name=\"org/tiny\",le=\"0.001\"}",
        "vllm:inter_token_latency_seconds_count", "vllm:e2e_request_latency_seconds_count",
        "vllm:prompt_tokens_total{", "vllm:generation_tokens_total{", "vllm:num_preemptions_total{",
        "vllm:request_success_total{finished_reason=\"length\",model_name=\"org/tiny\"}",
        "loci_kv_blocks_used{", "loci_kv_blocks_total{",
        "loci_http_requests_total{route=\"/v1/completions\",status=\"200\"}"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
}

// ---- completions

TEST(Completions, AnswersAsOpenAiDoes) {
  const json::object answer = complete(R"({"prompt": "The king", "temperature": 0, "ignore_eos": true})");
  EXPECT_TRUE(answer.at("id").as_string().starts_with("cmpl-"));
  EXPECT_EQ(answer.at("object").as_string(), "text_completion");
  EXPECT_EQ(answer.at("model").as_string(), kName);
  EXPECT_GT(answer.at("created").as_int64(), 1700000000);
  const json::object& choice = answer.at("choices").as_array().at(0).as_object();
  EXPECT_EQ(choice.at("index").as_int64(), 0);
  EXPECT_EQ(choice.at("finish_reason").as_string(), "length");
  EXPECT_TRUE(choice.at("logprobs").is_null());
  const json::object& usage = answer.at("usage").as_object();
  EXPECT_EQ(usage.at("completion_tokens").as_int64(), 16);
  EXPECT_EQ(usage.at("total_tokens").as_int64(), usage.at("prompt_tokens").as_int64() + 16);
  EXPECT_EQ(usage.at("prompt_tokens_details").at("cached_tokens").as_int64(), 0);
}

TEST(Completions, AStreamIsTheSameText) {
  const std::string body = R"("prompt": "The king", "temperature": 0, "max_tokens": 24, "ignore_eos": true})";
  const json::object whole = complete("{" + body);
  const auto chunks =
      stream("/v1/completions", R"({"stream": true, "stream_options": {"include_usage": true}, )" + body);
  std::string text;
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
    const json::object& choice = chunks[i].at("choices").as_array().at(0).as_object();
    text += choice.at("text").as_string();
    EXPECT_EQ(choice.at("finish_reason").is_null(), i + 2 < chunks.size());
    EXPECT_TRUE(chunks[i].at("usage").is_null());
  }
  EXPECT_EQ(text, whole.at("choices").as_array().at(0).at("text").as_string());
  EXPECT_TRUE(chunks.back().at("choices").as_array().empty());
  EXPECT_EQ(chunks.back().at("usage"), whole.at("usage"));
}

TEST(Completions, PromptsAndChoicesAreNumberedPromptMajor) {
  const std::string rest = R"("temperature": 1, "seed": 5, "max_tokens": 8, "ignore_eos": true})";
  const json::object both = complete(R"({"prompt": ["The king", "A dog"], "n": 2, )" + rest);
  const json::array& choices = both.at("choices").as_array();
  ASSERT_EQ(choices.size(), 4u);
  const json::object first = complete(R"({"prompt": "The king", "n": 2, )" + rest);
  const json::object second = complete(R"({"prompt": "A dog", "n": 2, )" + rest);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(choices[i].at("index").as_int64(), static_cast<std::int64_t>(i));
    const json::object& alone = i < 2 ? first : second;
    EXPECT_EQ(choices[i].at("text"), alone.at("choices").as_array().at(i % 2).at("text"));
  }
  EXPECT_NE(choices[0].at("text"), choices[1].at("text"));
  const auto tokens = [](const json::object& answer, const char* key) {
    return answer.at("usage").at(key).as_int64();
  };
  for (const char* key : {"prompt_tokens", "completion_tokens"})
    EXPECT_EQ(tokens(both, key), tokens(first, key) + tokens(second, key)) << key;
}

TEST(Completions, WithoutASeedEachRequestIsNew) {
  const std::string body = R"({"prompt": "The", "temperature": 2, "max_tokens": 24, "ignore_eos": true})";
  EXPECT_NE(complete(body).at("choices"), complete(body).at("choices"));
}

TEST(Completions, EchoBringsThePromptAndItsLogprobs) {
  const json::object answer = complete(
      R"({"prompt": "The king", "echo": true, "logprobs": 2, "max_tokens": 3, "temperature": 0, "ignore_eos": true})");
  const json::object& choice = answer.at("choices").as_array().at(0).as_object();
  EXPECT_TRUE(choice.at("text").as_string().starts_with("The king"));
  const json::object& logprobs = choice.at("logprobs").as_object();
  const auto count = static_cast<std::size_t>(answer.at("usage").at("total_tokens").as_int64());
  for (const char* column : {"tokens", "token_logprobs", "top_logprobs", "text_offset"})
    EXPECT_EQ(logprobs.at(column).as_array().size(), count) << column;
  EXPECT_TRUE(logprobs.at("token_logprobs").as_array().at(0).is_null());
  EXPECT_TRUE(logprobs.at("top_logprobs").as_array().at(0).is_null());
  EXPECT_LE(logprobs.at("token_logprobs").as_array().at(1).to_number<double>(), 0);
  EXPECT_GE(logprobs.at("top_logprobs").as_array().back().as_object().size(), 2u);

  const json::object nothing = complete(R"({"prompt": "The king", "echo": true, "max_tokens": 0})");
  EXPECT_EQ(nothing.at("choices").as_array().at(0).at("text").as_string(), "The king");
  EXPECT_EQ(nothing.at("usage").at("completion_tokens").as_int64(), 0);
}

TEST(Completions, EchoInAStreamComesFirstInEveryChoice) {
  const std::string body =
      R"("prompt": "The king", "echo": true, "logprobs": 1, "n": 3, "seed": 3, "max_tokens": 6, "ignore_eos": true})";
  const json::object whole = complete("{" + body);
  std::map<std::int64_t, std::string> text;
  std::map<std::int64_t, json::array> offsets;
  for (const json::object& chunk : stream("/v1/completions", R"({"stream": true, )" + body)) {
    const json::object& choice = chunk.at("choices").as_array().at(0).as_object();
    const std::int64_t index = choice.at("index").as_int64();
    text[index] += choice.at("text").as_string();
    if (choice.at("logprobs").is_null()) continue;
    for (const json::value& offset : choice.at("logprobs").at("text_offset").as_array())
      offsets[index].push_back(offset);
  }
  for (std::int64_t i = 0; i < 3; ++i) {
    const json::value& choice = whole.at("choices").as_array().at(static_cast<std::size_t>(i));
    EXPECT_EQ(text[i], choice.at("text").as_string());
    EXPECT_EQ(offsets[i], choice.at("logprobs").at("text_offset").as_array());
  }
}

TEST(Completions, TokenPromptsAreTakenAsTheyAre) {
  const json::object tokens = parsed(shared_server().post("/tokenize", R"({"prompt": "The king"})").body);
  const std::string rest = R"("temperature": 0, "max_tokens": 8, "ignore_eos": true})";
  const json::object by_text = complete(R"({"prompt": "The king", )" + rest);
  const json::object by_tokens =
      complete(R"({"prompt": )" + json::serialize(tokens.at("tokens")) + ", " + rest);
  EXPECT_EQ(by_text.at("choices"), by_tokens.at("choices"));
  EXPECT_EQ(by_text.at("usage"), by_tokens.at("usage"));
  const HttpResponse outside = shared_server().post("/v1/completions", R"({"prompt": [1, 99999999]})");
  EXPECT_EQ(outside.status, 400);
  EXPECT_EQ(error_param(outside), "prompt");
}

TEST(Completions, PromptLogprobsAreVllmsOwn) {
  const json::object answer = complete(R"({"prompt": "The king", "prompt_logprobs": 1, "max_tokens": 1})");
  const json::array& positions = answer.at("choices").as_array().at(0).at("prompt_logprobs").as_array();
  EXPECT_EQ(std::ssize(positions), answer.at("usage").at("prompt_tokens").as_int64());
  EXPECT_TRUE(positions.at(0).is_null());
  const json::value& entry = positions.at(1).as_object().begin()->value();
  EXPECT_GE(entry.at("rank").as_int64(), 1);
  EXPECT_TRUE(entry.at("decoded_token").is_string());
}

TEST(Completions, AStopStringEndsTheTextAndIsNamed) {
  const json::object free =
      complete(R"({"prompt": "The king", "temperature": 0, "max_tokens": 24, "ignore_eos": true})");
  const std::string text(free.at("choices").as_array().at(0).at("text").as_string());
  ASSERT_GT(text.size(), 12u);
  const std::string stop = text.substr(8, 3);
  const json::object body{
      {"prompt", "The king"}, {"temperature", 0}, {"max_tokens", 24}, {"ignore_eos", true}, {"stop", {stop}}};
  const json::object stopped = complete(json::serialize(body));
  const json::value& choice = stopped.at("choices").as_array().at(0);
  EXPECT_EQ(choice.at("text").as_string(), text.substr(0, text.find(stop)));
  EXPECT_EQ(choice.at("finish_reason").as_string(), "stop");
  EXPECT_EQ(choice.at("stop_reason").as_string(), stop);
}

TEST(Completions, WhatDoesNotFitTheContextIsRefusedWithBothNumbers) {
  std::string many = "[1";
  for (int i = 1; i < 300; ++i) many += ",1";
  const HttpResponse prompt = shared_server().post("/v1/completions", R"({"prompt": )" + many + "]}");
  EXPECT_EQ(prompt.status, 400);
  EXPECT_EQ(error_code(prompt), "context_length_exceeded");
  EXPECT_EQ(error_param(prompt), "prompt");
  EXPECT_NE(error_message(prompt).find("256"), std::string::npos);
  EXPECT_NE(error_message(prompt).find("300"), std::string::npos);

  const HttpResponse output =
      shared_server().post("/v1/completions", R"({"prompt": [1, 1], "max_tokens": 255})");
  EXPECT_EQ(output.status, 400);
  EXPECT_EQ(error_code(output), "context_length_exceeded");
  EXPECT_EQ(error_param(output), "max_tokens");
  EXPECT_NE(error_message(output).find("257"), std::string::npos) << error_message(output);
  EXPECT_EQ(shared_server()
                .post("/v1/completions", R"({"prompt": [1, 1], "max_tokens": 254, "stop_token_ids": [1]})")
                .status,
            200);
}

TEST(Completions, OneRefusedPromptRefusesAll) {
  std::string tokens = "[1";
  for (int i = 1; i < 300; ++i) tokens += ",1";
  EXPECT_EQ(shared_server().post("/v1/completions", R"({"prompt": [[1, 2], )" + tokens + "]]}").status, 400);
  EXPECT_TRUE(shared_server().becomes_idle());
}

// ---- chat

TEST(Chat, AnswersAsOpenAiDoes) {
  const HttpResponse response = shared_server().post(
      "/v1/chat/completions",
      R"({"messages": [{"role": "user", "content": "Hello"}], "max_completion_tokens": 8, "logprobs": true, "top_logprobs": 2, "temperature": 0})");
  ASSERT_EQ(response.status, 200) << response.body;
  const json::object answer = parsed(response.body);
  EXPECT_TRUE(answer.at("id").as_string().starts_with("chatcmpl-"));
  EXPECT_EQ(answer.at("object").as_string(), "chat.completion");
  const json::object& choice = answer.at("choices").as_array().at(0).as_object();
  EXPECT_EQ(choice.at("message").at("role").as_string(), "assistant");
  const json::array& content = choice.at("logprobs").at("content").as_array();
  EXPECT_EQ(std::ssize(content), answer.at("usage").at("completion_tokens").as_int64());
  std::string bytes;
  for (const json::value& token : content) {
    EXPECT_EQ(token.at("top_logprobs").as_array().size(), 2u);
    EXPECT_EQ(token.at("top_logprobs").as_array().at(0).at("token"), token.at("token"))
        << "greedy takes the likeliest";
    for (const json::value& byte : token.at("bytes").as_array()) bytes += static_cast<char>(byte.as_int64());
  }
  EXPECT_TRUE(bytes.find(choice.at("message").at("content").as_string()) != std::string::npos) << bytes;
}

TEST(Chat, AStreamOpensWithTheRole) {
  const std::string body =
      R"("messages": [{"role": "user", "content": "Hello"}], "max_tokens": 12, "temperature": 0, "ignore_eos": true})";
  const json::object whole = parsed(shared_server().post("/chat/completions", "{" + body).body);
  const auto chunks = stream("/v1/chat/completions", R"({"stream": true, )" + body);
  ASSERT_GE(chunks.size(), 3u);
  const json::value& opening = chunks[0].at("choices").as_array().at(0);
  EXPECT_EQ(opening.at("delta"), (json::object{{"role", "assistant"}, {"content", ""}}));
  std::string text;
  for (const json::object& chunk : chunks) {
    EXPECT_EQ(chunk.at("object").as_string(), "chat.completion.chunk");
    EXPECT_EQ(chunk.at("id"), chunks[0].at("id"));
    EXPECT_EQ(chunk.find("usage"), chunk.end());
    text += chunk.at("choices").as_array().at(0).at("delta").at("content").as_string();
  }
  EXPECT_EQ(chunks.back().at("choices").as_array().at(0).at("finish_reason").as_string(), "length");
  EXPECT_EQ(text, whole.at("choices").as_array().at(0).at("message").at("content").as_string());
}

TEST(Chat, WithoutALimitTheContextIsTheLimit) {
  const json::object answer =
      parsed(shared_server()
                 .post("/v1/chat/completions",
                       R"({"messages": [{"role": "user", "content": "Hello"}], "ignore_eos": true})")
                 .body);
  EXPECT_EQ(answer.at("usage").at("total_tokens").as_int64(), 256);
  EXPECT_EQ(answer.at("choices").as_array().at(0).at("finish_reason").as_string(), "length");
}

TEST(Chat, TooLongAConversationNamesMessages) {
  const json::object body{{"messages", {{{"role", "user"}, {"content", std::string(5000, 'x')}}}}};
  const HttpResponse response = shared_server().post("/v1/chat/completions", json::serialize(body));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(error_code(response), "context_length_exceeded");
  EXPECT_EQ(error_param(response), "messages");
}

// ---- clients that leave, servers that end

TEST(Disconnect, FreesTheSequenceAndItsBlocks) {
  LiveServer server({}, {.http = {.limits = {.half_close_grace = Duration::zero()}}}, {.max_num_seqs = 4});
  for (const bool streaming : {true, false}) {
    LoopbackClient client = server.client();
    client.post(
        "/v1/completions",
        std::string(R"({"prompt": ["The", "A"], "n": 2, "max_tokens": 400, "ignore_eos": true, "stream": )") +
            (streaming ? "true}" : "false}"));
    ASSERT_TRUE(server.becomes([](const EngineStats& stats) { return stats.running == 4; }));
    client.close();
    EXPECT_TRUE(server.becomes_idle());
  }
  EXPECT_LT(server.engine().stats().counters.generation_tokens, 2u * 4 * 400) << "nothing ran to its end";
  EXPECT_NE(server.get("/metrics").body.find("finished_reason=\"abort\""), std::string::npos);
}

TEST(Shutdown, RefusesNewWorkAndFinishesTheRest) {
  LiveServer server({}, {}, {.max_num_seqs = 4});
  LoopbackClient client = server.client();
  client.post("/v1/completions",
              R"({"prompt": "The", "max_tokens": 40, "ignore_eos": true, "stream": true})");
  EXPECT_EQ(client.read_head().status, 200);
  server.server().begin_shutdown();
  EXPECT_EQ(server.get("/health").status, 503);
  EXPECT_EQ(server.get("/health/live").status, 200);
  const HttpResponse refused = server.post("/v1/completions", R"({"prompt": "The"})");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(find_header(refused.headers, "Retry-After"), nullptr);
  EXPECT_EQ(*find_header(refused.headers, "Connection"), "close");
  std::string last, chunk;
  while (!(chunk = client.read_chunk()).empty()) last = chunk;
  EXPECT_TRUE(last.ends_with("data: [DONE]\n\n")) << last;
}

TEST(Shutdown, AnEngineThatIsClosedAnswersUnavailable) {
  LiveServer server({}, {}, {.max_num_seqs = 2});
  server.engine().close();
  EXPECT_EQ(server.post("/v1/completions", R"({"prompt": "The"})").status, 503);
}

TEST(Shutdown, AFullQueueIs429) {
  LiveServer server({}, {}, {.max_num_seqs = 1, .max_queued_requests = 1});
  const HttpResponse refused = server.post(
      "/v1/completions", R"({"prompt": ["a", "b", "c", "d"], "max_tokens": 400, "ignore_eos": true})");
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(find_header(refused.headers, "Retry-After"), nullptr);
  EXPECT_TRUE(server.becomes_idle()) << "the refusal took the accepted prompts back";
}

}  // namespace
}  // namespace loci
