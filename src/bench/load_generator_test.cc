#include "bench/load_generator.h"

#include <atomic>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/json.h"
#include "bench/prompt_form.h"
#include "bench/testing/fake_server.h"

namespace loci::bench {
namespace {

using ::loci::testing::FakeAnswer;
using ::loci::testing::FakeRequest;
using ::loci::testing::FakeServer;
using ::loci::testing::plain_answer;
using ::loci::testing::streamed;

class Watch final : public LoadObserver {
 public:
  void on_progress(const LoadProgress& progress) override { last = progress; }
  LoadProgress last{};
};

json::object body_of(const FakeRequest& request) {
  auto value = parse_json(request.body);
  EXPECT_TRUE(value && value->is_object()) << request.body;
  return value && value->is_object() ? value->get_object() : json::object{};
}

LoadOptions options_for(const FakeServer& server, std::size_t requests) {
  LoadOptions options;
  auto url = parse_url(server.url());
  EXPECT_TRUE(url) << server.url();
  options.server.url = *url;
  options.body.model = "m";
  options.body.alphabet = {.first = 5, .limit = 500};
  options.num_requests = requests;
  options.request_timeout = std::chrono::seconds(20);
  return options;
}

LoadRun run(const LoadOptions& options, const WorkloadOptions& shape) {
  const auto workload = make_workload(shape);
  EXPECT_TRUE(workload) << workload.error().message;
  Watch watch;
  auto done = run_load(**workload, options, watch);
  EXPECT_TRUE(done) << done.error().message;
  if (!done) return {};
  EXPECT_EQ(watch.last.completed + watch.last.failed, done->requests.size());
  return std::move(*done);
}

const WorkloadOptions kSmall{.input_len = 40, .output_len = 8};

TEST(LoadGenerator, AClosedLoopAnswersAllAndReusesItsConnections) {
  FakeServer server([](const FakeRequest&) { return streamed(8); });
  LoadOptions options = options_for(server, 50);
  options.max_concurrency = 4;
  const LoadRun done = run(options, kSmall);
  ASSERT_EQ(done.requests.size(), 50u);
  EXPECT_FALSE(done.open_loop);
  for (std::size_t i = 0; i < 50; ++i) {
    const RequestResult& one = done.requests[i];
    EXPECT_EQ(one.number, i);
    EXPECT_TRUE(one.ok()) << one.error_kind << one.error;
    EXPECT_EQ(one.output_tokens, 8);
    EXPECT_EQ(one.output_times.size(), 8u);
    EXPECT_EQ(one.prompt_tokens, 40);
    EXPECT_EQ(one.cached_tokens, 30);
    EXPECT_TRUE(one.intended <= one.sent && one.sent <= one.output_times.front());
    EXPECT_LE(one.output_times.back(), one.ended);
  }
  EXPECT_LE(server.connections(), 4);
  std::set<std::string> prompts;
  for (const FakeRequest& request : server.requests()) {
    const json::object body = body_of(request);
    EXPECT_EQ(body.at("prompt").as_array().size(), 40u);
    EXPECT_EQ(body.at("max_tokens").as_int64(), 8);
    prompts.insert(json::serialize(body.at("prompt")));
  }
  EXPECT_EQ(prompts.size(), 50u);
}

TEST(LoadGenerator, AnOpenLoopCountsFromWhenARequestWasDue) {
  FakeServer server([](const FakeRequest&) { return streamed(2); });
  LoadOptions options = options_for(server, 30);
  options.arrivals = {.rate = 10000, .seed = 4};
  options.max_concurrency = 1;  // so that most wait on our side
  const LoadRun done = run(options, kSmall);
  ASSERT_EQ(done.requests.size(), 30u);
  EXPECT_TRUE(done.open_loop);
  Arrivals due({.rate = 10000, .seed = 4});
  double busy = 0;  // one at a time: a request is sent when those before it have ended, whenever it was due
  for (const RequestResult& one : done.requests) {
    EXPECT_DOUBLE_EQ(one.intended, due.next());
    EXPECT_GE(one.sent, std::max(one.intended, busy));
    EXPECT_GE(one.ttft(), one.sent - one.intended) << "the wait is part of the latency";
    busy += one.ended - one.sent;
  }
}

TEST(LoadGenerator, SessionsSendTheWholeHistory) {
  FakeServer server([](const FakeRequest&) {
    FakeAnswer answer = streamed(0);
    answer.pieces.insert(
        answer.pieces.begin() + 1,
        ::loci::testing::chunk("data: {\"choices\":[{\"text\":\"ab\",\"token_ids\":[901,902]}]}\n\n"));
    return answer;
  });
  LoadOptions options = options_for(server, 6);
  options.max_concurrency = 1;
  const LoadRun done = run(options, {.dataset = "multi-turn",
                                     .input_len = 10,
                                     .output_len = 2,
                                     .prefix_len = 30,
                                     .turns = 3,
                                     .think_seconds = 0});
  ASSERT_EQ(done.requests.size(), 6u);
  const auto requests = server.requests();
  const auto prompt = [&](std::size_t i) { return body_of(requests[i]).at("prompt").as_array(); };
  EXPECT_EQ(prompt(0).size(), 40u);
  EXPECT_EQ(prompt(1).size(), 52u);
  EXPECT_EQ(prompt(2).size(), 64u);
  EXPECT_EQ(prompt(1).at(40), 901) << "the server's own answer is part of the history";
  for (std::size_t i = 0; i < 52; ++i) EXPECT_EQ(prompt(2).at(i), prompt(1).at(i));
  for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(prompt(3).at(i), prompt(0).at(i)) << "the system prompt";
  EXPECT_EQ(done.requests[2].turn, 2);
  EXPECT_EQ(done.requests[3].session, 1u);
  EXPECT_TRUE(body_of(requests[0]).at("return_token_ids").as_bool());
}

TEST(LoadGenerator, ChatsSendTheAnswersText) {
  FakeServer server([](const FakeRequest&) {
    FakeAnswer answer = streamed(0);
    answer.pieces.insert(
        answer.pieces.begin() + 1,
        ::loci::testing::chunk("data: {\"choices\":[{\"delta\":{\"content\":\"yes\"}}]}\n\n"));
    return answer;
  });
  LoadOptions options = options_for(server, 2);
  options.max_concurrency = 1;
  options.path = "/v1/chat/completions";
  options.body.api = Api::kChat;
  options.body.form = PromptForm::kText;
  run(options, {.dataset = "multi-turn", .prefix_len = 5, .turns = 2, .think_seconds = 0});
  const json::object body = body_of(server.requests().at(1));
  ASSERT_EQ(body.at("messages").as_array().size(), 4u);
  EXPECT_EQ(body.at("messages").at(2).at("content").as_string(), "yes");
}

TEST(LoadGenerator, ErrorsAreCountedByKind) {
  std::atomic<int> count = 0;
  FakeServer server([&](const FakeRequest&) -> FakeAnswer {
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string one = ::loci::testing::chunk("data: {\"choices\":[{\"text\":\"t\"}]}\n\n");
    switch (count++) {
      case 0:
        return {{plain_answer(429, "Retry-After: 7\r\n", "{\"error\": \"slow down\"}")}};
      case 1:
        return {{plain_answer(503, "", "busy")}};
      case 2:
        return {{head, one}, true};
      case 3:
        return {{head, one, ::loci::testing::chunk("data: {\"error\": {\"message\": \"no blocks\"}}\n\n"),
                 "0\r\n\r\n"}};
      case 4:
        return {{head, ::loci::testing::chunk("data: {\"choi\n\n"), "0\r\n\r\n"}};
      case 5:
        return {{plain_answer(200, "Content-Type: application/json\r\n", "{}")}};
      case 6:
        return {{"SMTP ready\r\n\r\n"}, true};
      case 7:
        return {{head, one, "0\r\n\r\n"}};
      default:
        return streamed(3);
    }
  });
  LoadOptions options = options_for(server, 9);
  options.max_concurrency = 1;
  const LoadRun done = run(options, kSmall);
  std::vector<std::string> kinds;
  for (const RequestResult& one : done.requests) kinds.push_back(one.error_kind);
  EXPECT_THAT(kinds, ::testing::ElementsAre("http_429", "http_503", "closed", "stream_error", "bad_stream",
                                            "no_output", "bad_reply", "truncated", ""));
  EXPECT_EQ(done.requests[0].retry_after, 7);
  EXPECT_EQ(done.requests[0].error, "{\"error\": \"slow down\"}");
  EXPECT_EQ(done.requests[3].error, "no blocks");
}

TEST(LoadGenerator, RefusalsAreTriedAgainWhereThatIsAsked) {
  std::atomic<int> count = 0;
  FakeServer server([&](const FakeRequest&) -> FakeAnswer {
    if (count++ < 2) return {{plain_answer(429, "Retry-After: 0\r\n", "")}};
    return streamed(3);
  });
  LoadOptions options = options_for(server, 1);
  options.max_concurrency = 1;
  options.retries = 5;
  const LoadRun done = run(options, kSmall);
  ASSERT_EQ(done.requests.size(), 1u);
  EXPECT_TRUE(done.requests[0].ok());
  EXPECT_EQ(done.requests[0].retries, 2);
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(LoadGenerator, AConnectionThatTheServerClosedWhileIdleIsNoError) {
  FakeServer server([](const FakeRequest&) {
    FakeAnswer answer = streamed(3);
    answer.close = true;  // without saying so in the head
    return answer;
  });
  LoadOptions options = options_for(server, 5);
  options.max_concurrency = 1;
  const LoadRun done = run(options, kSmall);
  for (const RequestResult& one : done.requests) EXPECT_TRUE(one.ok()) << one.error_kind << one.error;
  EXPECT_EQ(done.requests.size(), 5u);
}

TEST(LoadGenerator, ASilentServerIsATimeout) {
  std::atomic<bool> over = false;
  FakeServer server([&](const FakeRequest&) -> FakeAnswer {
    over.wait(false);
    return {{}, true};
  });
  LoadOptions options = options_for(server, 1);
  options.request_timeout = std::chrono::milliseconds(20);
  const LoadRun done = run(options, kSmall);
  over = true;
  over.notify_all();
  ASSERT_EQ(done.requests.size(), 1u);
  EXPECT_EQ(done.requests[0].error_kind, "timeout");
}

TEST(LoadGenerator, NobodyListeningIsAnError) {
  LoadOptions options;
  {
    FakeServer gone([](const FakeRequest&) { return streamed(1); });
    options = options_for(gone, 2);
    options.max_concurrency = 2;
  }
  const LoadRun done = run(options, kSmall);
  for (const RequestResult& one : done.requests) EXPECT_EQ(one.error_kind, "connect");
}

TEST(LoadGenerator, TenantsAndPrioritiesFollowTheirWeights) {
  FakeServer server([](const FakeRequest&) { return streamed(1); });
  LoadOptions options = options_for(server, 200);
  options.max_concurrency = 8;
  options.tenants = *parse_tenants("light=k1:1,heavy=k2:3");
  options.priorities = {{"-1", 1}, {"5", 1}};
  options.warmup = 3;
  const LoadRun done = run(options, kSmall);
  ASSERT_EQ(done.requests.size(), 200u);
  int heavy = 0, urgent = 0;
  for (const RequestResult& one : done.requests) {
    heavy += one.tenant;
    urgent += one.priority == -1;
  }
  EXPECT_NEAR(heavy, 150, 30);
  EXPECT_NEAR(urgent, 100, 35);
  EXPECT_EQ(server.requests().size(), 203u) << "the warm-up does not count";
  int with_key = 0;
  for (const FakeRequest& request : server.requests())
    with_key += request.head.find("Authorization: Bearer k2\r\n") != std::string::npos;
  EXPECT_GE(with_key, heavy);
}

TEST(LoadGenerator, HundredsAtOnce) {
  FakeServer server([](const FakeRequest&) { return streamed(4); });
  const LoadRun done = run(options_for(server, 400), kSmall);
  EXPECT_EQ(std::ranges::count_if(done.requests, &RequestResult::ok), 400);
  for (const RequestResult& one : done.requests) EXPECT_EQ(one.intended, 0);
}

TEST(LoadGenerator, AnInterruptedRunTellsWhatItHas) {
  std::atomic<int> count = 0;
  FakeServer server([&](const FakeRequest&) {
    if (++count == 20) ::kill(::getpid(), SIGINT);
    return streamed(2);
  });
  LoadOptions options = options_for(server, std::size_t{1} << 40);
  options.max_concurrency = 3;
  const LoadRun done = run(options, kSmall);
  EXPECT_TRUE(done.interrupted);
  EXPECT_GE(done.requests.size(), 17u) << "all but those in flight";
}

TEST(LoadGenerator, NothingIsSentAfterTheDuration) {
  FakeServer server([](const FakeRequest&) { return streamed(1); });
  LoadOptions options = options_for(server, std::size_t{1} << 40);
  options.max_concurrency = 2;
  options.max_seconds = 0.05;
  const LoadRun done = run(options, kSmall);
  ASSERT_GT(done.requests.size(), 0u);
  for (const RequestResult& one : done.requests) EXPECT_TRUE(one.ok()) << "what runs may end";
}

TEST(PromptForm, IsChosenByWhatTheServerOffers) {
  std::atomic<bool> tokenizes = true;
  FakeServer server([&](const FakeRequest& request) -> FakeAnswer {
    if (request.head.starts_with("GET /v1/models"))
      return {{plain_answer(200, "", R"({"data": [{"id": "org/name"}]})")}};
    if (!tokenizes) return {{plain_answer(404, "", "{}")}};
    return {{plain_answer(200, "", R"({"tokens": [7, 9, 7, 11]})")}};
  });
  const ServerAddress address{*parse_url(server.url())};
  EXPECT_EQ(first_model(address, std::chrono::seconds(10)).value_or(""), "org/name");
  BodyOptions body;
  ASSERT_TRUE(choose_prompt_form(address, {}, body));
  EXPECT_EQ(body.form, PromptForm::kIds);
  EXPECT_EQ(body.alphabet.list, (std::vector<TokenId>{7, 9, 11}));
  ASSERT_TRUE(choose_prompt_form(address, {.form = PromptForm::kText}, body));
  EXPECT_EQ(body.form, PromptForm::kText);
  EXPECT_EQ(body.tokens_per_word, 4.0 / kSampleWords);
  tokenizes = false;
  BodyOptions other;
  ASSERT_TRUE(choose_prompt_form(address, {}, other));
  EXPECT_EQ(other.form, PromptForm::kText) << "no ids without a vocabulary";
  EXPECT_FALSE(choose_prompt_form(address, {.form = PromptForm::kIds}, other));
  ASSERT_TRUE(choose_prompt_form(address, {.form = PromptForm::kIds, .vocab_size = 32000}, other));
  EXPECT_EQ(other.alphabet.limit, 32000);
  other.api = Api::kChat;
  EXPECT_FALSE(choose_prompt_form(address, {.form = PromptForm::kIds}, other));
}

TEST(Url, ParsesAndRefuses) {
  const auto url = parse_url("http://[::1]:8000/gateway/v1/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->path, "/gateway");
  EXPECT_EQ(authority(*url), "[::1]:8000");
  EXPECT_EQ(parse_url("http://host")->port, "80");
  for (const char* bad :
       {"", "host:80", "https://host", "http://", "http://:80", "http://h:0", "http://h:99999", "http://h:x",
        "http://h/a b", "http://u@h", "http://h/?q", "http://[::1"})
    EXPECT_FALSE(parse_url(bad)) << bad;
  EXPECT_EQ(parse_header("X-A: b c")->second, "b c");
  EXPECT_EQ(parse_header("x-a=b")->first, "x-a");
  for (const char* bad : {"", "name", ": v", "a b: c", "a: b\r\nc: d"})
    EXPECT_FALSE(parse_header(bad)) << bad;
  EXPECT_FALSE(parse_tenants("a=k\n:1"));
  EXPECT_FALSE(parse_tenants("=k:1"));
}

}  // namespace
}  // namespace loci::bench
