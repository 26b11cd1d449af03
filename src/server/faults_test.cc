// What clients see when a step hangs or fails, and when their time is over.
#include <gtest/gtest.h>

#include "server/testing/gated_executor.h"
#include "server/testing/live_server.h"
#include "testing/files.h"
#include "testing/tiny_model.h"

namespace loci {
namespace {

using namespace std::chrono_literals;
using testing::GatedExecutor;
using testing::LiveServer;
using testing::LoopbackClient;
using testing::parsed;
using testing::sse_events;

constexpr const char* kBody = R"({"prompt": "a", "max_tokens": 8})";

/// One sequence at a time; a step that takes longer than a moment is a stall.
class FaultyServer {
 public:
  FaultyServer() {
    EXPECT_TRUE(testing::tiny_model({.context = 256}).write(folder_ / "tiny.gguf").has_value());
    testing::LiveServerOptions options;
    options.executor = [this](const LoadedModel& model) {
      auto executor = std::make_unique<GatedExecutor>(model);
      gate_ = executor.get();
      return executor;
    };
    server_ = std::make_unique<LiveServer>(
        folder_ / "tiny.gguf", ServerConfig{},
        EngineConfig{.max_num_seqs = 1, .prefix_caching = false, .stall_timeout = 20ms},
        std::vector<std::string>{"tiny"}, options);
  }
  ~FaultyServer() { gate_->let_go(); }

  LiveServer* operator->() { return server_.get(); }
  GatedExecutor& gate() { return *gate_; }

  /// Waits until /health/ready answers so.
  bool becomes_ready(int status) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (server_->get("/health/ready").status != status)
      if (std::chrono::steady_clock::now() > deadline) return false;
    return true;
  }

 private:
  testing::TemporaryFolder folder_;
  std::unique_ptr<LiveServer> server_;
  GatedExecutor* gate_ = nullptr;  // the engine's
};

TEST(Faults, AStepThatHangsMakesTheServerUnready) {
  FaultyServer server;
  EXPECT_EQ(server->get("/health/ready").status, 200);
  server.gate().hold();
  LoopbackClient client = server->client();
  client.post("/v1/completions", kBody);
  EXPECT_TRUE(server.becomes_ready(503));
  EXPECT_EQ(server->get("/health/live").status, 200);
  EXPECT_EQ(server->get("/metrics").status, 200) << "what is needed to see why does not hang with it";
  server.gate().let_go();
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_TRUE(server.becomes_ready(200));
}

TEST(Faults, AFailedStepFailsThoseInItAlone) {
  FaultyServer server;
  server.gate().hold();
  LoopbackClient first = server->client(), second = server->client();
  first.post("/v1/completions", kBody);
  second.post("/v1/completions", kBody);
  server.gate().let_go("the device is gone");
  const HttpResponse answers[] = {first.read_response(), second.read_response()};
  const auto failed = std::ranges::count(answers, 500, &HttpResponse::status);
  EXPECT_EQ(failed, 1);
  for (const HttpResponse& answer : answers) {
    if (answer.status == 500) {
      EXPECT_NE(answer.body.find("the device is gone"), std::string::npos) << answer.body;
    } else {
      EXPECT_EQ(answer.status, 200) << answer.body;
    }
  }
  EXPECT_TRUE(server->becomes_idle());
  EXPECT_EQ(server->post("/v1/completions", kBody).status, 200);
  EXPECT_EQ(server->engine().stats().counters.failed_steps, 1u);
}

TEST(Timeout, ARequestThatTakesTooLongIsCancelled) {
  FaultyServer server;
  server.gate().hold();
  const HttpResponse whole = server->post("/v1/completions", R"({"prompt": "a", "timeout": 0.02})");
  EXPECT_EQ(whole.status, 504) << whole.body;
  const json::object error = parsed(whole.body).at("error").as_object();
  EXPECT_EQ(error.at("type").as_string(), "timeout_error");
  EXPECT_EQ(error.at("param").as_string(), "timeout");

  const HttpResponse stream =
      server->post("/v1/completions", R"({"prompt": "a", "timeout": 0.02, "stream": true})");
  EXPECT_EQ(stream.status, 200);
  const std::vector<std::string> events = sse_events(stream.body);
  ASSERT_EQ(events.size(), 2u) << stream.body;
  EXPECT_EQ(parsed(events[0]).at("error").at("type").as_string(), "timeout_error");
  EXPECT_EQ(events[1], "[DONE]");

  const HttpResponse message =
      server->post("/v1/messages",
                   R"({"messages": [{"role": "user", "content": "a"}], "max_tokens": 4, "timeout": 0.02})");
  EXPECT_EQ(message.status, 504);
  EXPECT_EQ(parsed(message.body).at("error").at("type").as_string(), "timeout_error");
  server.gate().let_go();
  EXPECT_TRUE(server->becomes_idle()) << "all three were cancelled";
  EXPECT_EQ(server->post("/v1/completions", R"({"prompt": "a", "max_tokens": 2, "timeout": 60})").status,
            200);
}

TEST(Overload, AFullQueueSaysWhenToComeBack) {
  const Error full{ErrorCode::kResourceExhausted, "full", "", 12.2};
  const HttpResponse refused = error_response(full);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(*find_header(refused.headers, "Retry-After"), "13");
  const HttpResponse later = error_response(full, ErrorShape::kAnthropic);
  EXPECT_EQ(later.status, 529) << "Anthropic's for a server that has no room";
  EXPECT_EQ(*find_header(later.headers, "Retry-After"), "13");
  EXPECT_EQ(parsed(later.body).at("error").at("type").as_string(), "overloaded_error");
}

}  // namespace
}  // namespace loci
