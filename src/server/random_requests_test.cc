// Thousands of random requests, valid and not, some of whose clients leave: the server answers each that
// waits with a status that fits, and in the end not one KV block is in use.
#include <atomic>
#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "server/testing/live_server.h"
#include "testing/files.h"
#include "testing/tiny_model.h"

namespace loci {
namespace {

using testing::LiveServer;
using testing::LoopbackClient;

constexpr int kRequests = 10000;
constexpr int kClients = 4;

/// Draws from an explicit engine, so that a failure comes back with its seed.
class RandomRequest {
 public:
  explicit RandomRequest(std::mt19937_64& random) : random_(random) {}

  std::string body(bool chat) {
    if (one_in(12)) return garbage();
    json::object body;
    if (!one_in(20)) {
      if (chat) {
        body["messages"] = {{{"role", "user"}, {"content", text()}}};
      } else {
        body["prompt"] = prompt();
      }
    }
    body["max_tokens"] = below(5) + 1;
    add_options(body);
    std::string out = json::serialize(body);
    if (one_in(25)) out.resize(static_cast<std::size_t>(below(static_cast<int>(out.size()))));
    if (one_in(25))
      out[static_cast<std::size_t>(below(static_cast<int>(out.size() + 1))) %
          std::max<std::size_t>(out.size(), 1)] = static_cast<char>(below(256));
    return out;
  }
  bool one_in(int n) { return below(n) == 0; }
  int below(int n) { return n > 0 ? static_cast<int>(random_() % static_cast<unsigned>(n)) : 0; }

 private:
  std::string garbage() {
    std::string bytes(static_cast<std::size_t>(below(40)), '\0');
    for (char& byte : bytes) byte = static_cast<char>(below(256));
    return bytes;
  }
  std::string text() {
    constexpr const char* kWords[] = {"Once", " upon", " a",    " time", " the", "\n", " é",
                                      "日本", "😀",    " king", "\"",    "\\",   "<s>"};
    std::string out;
    for (int i = below(12); i >= 0; --i) out += kWords[below(std::size(kWords))];
    return out;
  }
  json::value prompt() {
    switch (below(5)) {
      case 0:
        return {text(), text()};
      case 1:
        return {below(300), below(300), below(300)};
      case 2:
        return json::array{json::array{below(600)}, json::array{below(300), below(300)}};
      case 3:
        return one_in(4) ? json::value(std::string(20000, 'y')) : json::value("");
      default:
        return json::value(text());
    }
  }
  json::value value() {
    switch (below(8)) {
      case 0:
        return nullptr;
      case 1:
        return one_in(2);
      case 2:
        return below(200) - 20;
      case 3:
        return below(2000) / 1000.0;
      case 4:
        return json::value(text());
      case 5:
        return json::array{text(), below(10)};
      case 6:
        return {{"type", "text"}};
      default:
        return 1e300;
    }
  }
  void add_options(json::object& body) {
    constexpr const char* kNames[] = {"temperature",
                                      "top_p",
                                      "top_k",
                                      "min_p",
                                      "n",
                                      "logprobs",
                                      "top_logprobs",
                                      "stop",
                                      "seed",
                                      "min_tokens",
                                      "echo",
                                      "presence_penalty",
                                      "logit_bias",
                                      "prompt_logprobs",
                                      "model",
                                      "max_tokens",
                                      "stream_options",
                                      "response_format",
                                      "tools",
                                      "stop_token_ids",
                                      "priority",
                                      "service_tier",
                                      "timeout",
                                      "cache_prompt",
                                      "cache_salt",
                                      "request_id",
                                      "first_token_within_ms",
                                      "kv_cache_retention"};
    if (one_in(2)) body["temperature"] = 0;
    if (one_in(3)) body["n"] = below(3) + 1;
    if (one_in(3)) body["seed"] = below(1000);
    if (one_in(4)) body["stop"] = {" the", "."};
    if (one_in(6)) body["repetition_penalty"] = 1.1;
    if (one_in(3)) body[kNames[below(std::size(kNames))]] = value();
  }

  std::mt19937_64& random_;
};

/// What a client has seen of its exchange when it leaves.
enum class Step { kNothingSent, kHeadSent, kBodyBegun, kSent, kAnswerBegun, kStreaming, kAnswered };
constexpr int kSteps = 7;

struct Tally {
  std::atomic<int> answered = 0, completed = 0, left = 0;
  std::array<std::atomic<int>, kSteps> left_at{};  // [Step]
};

bool is_expected(int status) {
  return status == 200 || status == 400 || status == 404 || status == 429 || status == 504;
}

/// Leaves at a step of the protocol, drawn anew each time, by a close or by a reset.
void leave(LiveServer& server, RandomRequest& make, Tally& tally) {
  constexpr const char* kBodies[] = {
      R"({"prompt": "The", "max_tokens": 100, "ignore_eos": true, "stream": true, "n": 2})",
      R"({"prompt": ["a", "b"], "max_tokens": 100, "ignore_eos": true})",
      R"({"prompt": "The king", "max_tokens": 3, "priority": 1, "service_tier": "flex"})",
      R"({"prompt": "The old man and the sea", "max_tokens": 60, "ignore_eos": true, "stream": true, "timeout": 0.01})"};
  const auto step = static_cast<Step>(make.below(kSteps));
  // Who reads along must have something to read: the longest stream.
  const std::string body = kBodies[step == Step::kStreaming ? 0 : make.below(std::size(kBodies))];
  const std::string head =
      "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n";
  LoopbackClient client = server.client();
  if (step == Step::kHeadSent)
    client.send(head.substr(0, static_cast<std::size_t>(make.below(1000)) % head.size()));
  if (step == Step::kBodyBegun)
    client.send(head + body.substr(0, static_cast<std::size_t>(make.below(1000)) % body.size()));
  if (step >= Step::kSent) client.send(head + body);
  if (step == Step::kAnswerBegun) client.read_until("\r\n");
  if (step == Step::kStreaming) {
    client.read_until("\r\n\r\n");
    client.read_bytes(static_cast<std::size_t>(make.below(2000)) + 1);
  }
  if (step == Step::kAnswered) client.read_response();
  if (make.one_in(3)) client.reset();
  ++tally.left;
  ++tally.left_at[static_cast<std::size_t>(step)];
}

/// One client: a connection that it keeps while it can.
void run_client(LiveServer& server, int requests, std::uint64_t seed, Tally& tally) {
  std::mt19937_64 random(seed);
  RandomRequest make(random);
  LoopbackClient connection = server.client();
  for (int i = 0; i < requests; ++i) {
    const bool chat = make.one_in(3);
    const char* path = chat ? "/v1/chat/completions" : "/v1/completions";
    if (make.one_in(6)) {
      leave(server, make, tally);
      continue;
    }
    std::string body = make.body(chat);
    if (make.one_in(4) && body.starts_with('{') && body.size() > 1) body.insert(1, "\"stream\":true,");
    ASSERT_TRUE(connection.post(path, body));
    const HttpResponse response = connection.read_response();
    ASSERT_TRUE(is_expected(response.status)) << response.status << " for " << body << ": " << response.body;
    ++tally.answered;
    if (response.status == 200) ++tally.completed;
  }
}

TEST(RandomRequests, LeaveNothingBehind) {
  const testing::TemporaryFolder folder;  // a tiny model: the subject is the server, under sanitizers too
  const auto model = folder / "tiny.gguf";
  ASSERT_TRUE(testing::tiny_model({.context = 256}).write(model).has_value());
  LiveServer server(model, {.http = {.limits = {.half_close_grace = Duration::zero()}}},
                    {.max_num_seqs = 16});
  Tally tally;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i)
      clients.emplace_back(
          [&, i] { run_client(server, kRequests / kClients, 2026 + static_cast<std::uint64_t>(i), tally); });
  }
  EXPECT_TRUE(server.becomes_idle());
  EXPECT_EQ(server.engine().stats().kv_blocks_used, 0);
  for (const auto& count : tally.left_at) EXPECT_GT(count, 100) << "clients leave at every step";
  EXPECT_NE(server.get("/v1/fsck").body.find(R"("status":"clean")"), std::string::npos);
  EXPECT_EQ(tally.answered + tally.left, kRequests);
  EXPECT_GT(tally.completed, kRequests / 4) << "the mix must exercise the engine too";
  EXPECT_GT(tally.answered - tally.completed, kRequests / 10);
  EXPECT_EQ(server.get("/health").status, 200);
}

}  // namespace
}  // namespace loci
