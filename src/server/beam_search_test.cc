// Beam search over HTTP: vLLM's fields, OpenAI's answers.
#include <cmath>
#include <gtest/gtest.h>

#include "server/testing/live_server.h"
#include "server/testing/scripted_server.h"

namespace loci {
namespace {

using testing::LiveServer;
using testing::LoopbackClient;
using testing::parsed;
using testing::ScriptedServer;

LiveServer& server() {
  static LiveServer made({}, {}, {.max_model_len = 256, .max_num_seqs = 8});
  return made;
}

json::object answer(std::string_view path, const std::string& body) {
  const HttpResponse response = server().post(path, body);
  EXPECT_EQ(response.status, 200) << response.body;
  return parsed(response.body);
}

double sum(const json::value& logprobs) {
  double total = 0;
  for (const json::value& one : logprobs.as_array()) total += one.to_number<double>();
  return total;
}

TEST(BeamSearchApi, CompletionsAreTheBestHypothesesBestFirst) {
  const json::object body =
      answer("/v1/completions", R"({"prompt": "Once upon a time", "use_beam_search": true,
      "n": 4, "max_tokens": 8, "ignore_eos": true, "logprobs": 2, "temperature": 0})");
  const json::array& choices = body.at("choices").as_array();
  ASSERT_EQ(choices.size(), 4u);
  double before = 0;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    EXPECT_EQ(choices[i].at("index"), i);
    EXPECT_EQ(choices[i].at("finish_reason"), "length");
    const json::value& logprobs = choices[i].at("logprobs");
    ASSERT_EQ(logprobs.at("token_logprobs").as_array().size(), 8u);
    EXPECT_GE(logprobs.at("top_logprobs").at(0).as_object().size(), 2u);
    const double score = sum(logprobs.at("token_logprobs"));
    if (i > 0) {
      EXPECT_LE(score, before);
      EXPECT_NE(choices[i].at("text"), choices[i - 1].at("text"));
    }
    before = score;
  }
  EXPECT_EQ(body.at("usage").at("completion_tokens"), 32);

  const json::object greedy = answer(
      "/v1/completions",
      R"({"prompt": "Once upon a time", "max_tokens": 8, "ignore_eos": true, "logprobs": 0, "temperature": 0})");
  EXPECT_GE(sum(choices[0].at("logprobs").at("token_logprobs")),
            sum(greedy.at("choices").at(0).at("logprobs").at("token_logprobs")))
      << "what a search finds here is at least as likely as the greedy text";
  EXPECT_TRUE(server().becomes_idle());
}

TEST(BeamSearchApi, PromptsAndBeamsAreNumberedPromptMajorAndRepeatable) {
  const std::string body = R"({"prompt": ["Once upon", "The old man"], "use_beam_search": true, "n": 2,
      "max_tokens": 5, "ignore_eos": true, "echo": true, "logprobs": 1, "length_penalty": 0.5})";
  const json::object both = answer("/v1/completions", body);
  const json::array& choices = both.at("choices").as_array();
  ASSERT_EQ(choices.size(), 4u);
  EXPECT_TRUE(choices[1].at("text").as_string().starts_with("Once upon"));
  EXPECT_TRUE(choices[2].at("text").as_string().starts_with("The old man"));
  EXPECT_TRUE(choices[1].at("logprobs").at("token_logprobs").at(0).is_null()) << "the prompt's come with it";
  EXPECT_EQ(answer("/v1/completions", body).at("choices"), both.at("choices"));
}

TEST(BeamSearchApi, ChatsTakeItToo) {
  const json::object body =
      answer("/v1/chat/completions", R"({"messages": [{"role": "user", "content": "Hi"}],
      "use_beam_search": true, "n": 3, "max_completion_tokens": 6, "ignore_eos": true, "logprobs": true,
      "top_logprobs": 2, "early_stopping": "never"})");
  const json::array& choices = body.at("choices").as_array();
  ASSERT_EQ(choices.size(), 3u);
  for (const json::value& choice : choices) {
    EXPECT_EQ(choice.at("message").at("role"), "assistant");
    EXPECT_EQ(choice.at("logprobs").at("content").as_array().size(), 6u);
    EXPECT_EQ(choice.at("logprobs").at("content").at(5).at("top_logprobs").as_array().size(), 2u);
  }
  EXPECT_EQ(body.at("usage").at("completion_tokens"), 18);
}

TEST(BeamSearchApi, TheBestOfAScriptedModelIsItsScript) {
  ScriptedServer scripted("{{ '<|im_start|>' }}{% for m in messages %}{{ m.content }}{% endfor %}");
  scripted.say("Hello you");
  const json::object body = scripted.post("/v1/chat/completions", R"({"messages": [{"role": "user",
      "content": "Hi"}], "use_beam_search": true, "n": 1, "max_tokens": 64})");
  const json::value& choice = body.at("choices").at(0);
  EXPECT_EQ(choice.at("message").at("content"), "Hello you");
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_TRUE(choice.at("stop_reason").is_null());
}

TEST(BeamSearchApi, WhatItCannotHonourIsRefusedByName) {
  const auto param = [](const std::string& fields) {
    const HttpResponse response =
        server().post("/v1/chat/completions", R"({"messages": [{"role": "user", "content": "Hi"}],
            "use_beam_search": true, )" + fields + "}");
    EXPECT_EQ(response.status, 400) << response.body;
    return std::string(parsed(response.body).at("error").at("param").as_string());
  };
  EXPECT_EQ(param(R"("stream": true)"), "stream");
  EXPECT_EQ(param(R"("temperature": 0.5)"), "temperature");
  EXPECT_EQ(param(R"("stop": ["x"])"), "stop");
  EXPECT_EQ(param(R"("length_penalty": -11)"), "length_penalty");
  EXPECT_EQ(param(R"("max_tokens": 1000)"), "max_tokens");
  EXPECT_TRUE(server().becomes_idle());
}

TEST(BeamSearchApi, WhoGoesAwayLeavesNothingBehind) {
  LiveServer own({}, {.http = {.limits = {.half_close_grace = Duration::zero()}}}, {.max_num_seqs = 4});
  {
    LoopbackClient client = own.client();
    client.post("/v1/completions", R"({"prompt": "Once", "use_beam_search": true, "n": 6, "max_tokens": 400,
        "ignore_eos": true})");
    EXPECT_TRUE(own.becomes([](const EngineStats& stats) { return stats.counters.forks > 20; }));
  }
  EXPECT_TRUE(own.becomes_idle());
  const HttpResponse late = own.post("/v1/completions", R"({"prompt": "Once", "use_beam_search": true, "n": 3,
      "max_tokens": 400, "ignore_eos": true, "timeout": 0.02})");
  EXPECT_EQ(late.status, 504) << late.body;
  EXPECT_TRUE(own.becomes_idle());
}

}  // namespace
}  // namespace loci
