// A whole server for tests: a real model, the live engine and the HTTP server on a free port.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <thread>

#include "base/json.h"
#include "server/server.h"
#include "server/testing/loopback_client.h"

namespace loci::testing {

/// What may differ from `loci serve`.
struct LiveServerOptions {
  LoadOptions load{};
  std::function<std::unique_ptr<Executor>(const LoadedModel&)> executor{};  // none: the kernels
};

class LiveServer {
 public:
  /// `model` empty: the embedded default. `names` empty: the model's own.
  LiveServer(const std::filesystem::path& model, ServerConfig config, EngineConfig engine_config = {},
             std::vector<std::string> names = {}, const LiveServerOptions& options = {}) {
    config.http.port = 0;
    auto server = Server::start(config);
    EXPECT_TRUE(server.has_value());
    server_ = std::move(*server);
    auto loaded = LoadedModel::load(model, options.load);
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
    model_ = std::make_unique<LoadedModel>(std::move(*loaded));
    engine_config.threads = 1;
    auto engine =
        LiveEngine::start(*model_, engine_config, options.executor ? options.executor(*model_) : nullptr);
    EXPECT_TRUE(engine.has_value()) << engine.error().message;
    engine_ = std::move(*engine);
    if (names.empty()) names = {model_->name()};
    server_->attach({*engine_, *model_, std::move(names), 1700000000});
  }
  ~LiveServer() { server_->stop(); }

  Server& server() { return *server_; }
  LiveEngine& engine() { return *engine_; }
  const LoadedModel& model() const { return *model_; }
  LoopbackClient client() { return LoopbackClient(server_->port()); }

  HttpResponse get(std::string_view path, std::string_view headers = "") {
    LoopbackClient one = client();
    one.get(path, headers);
    return one.read_response();
  }
  HttpResponse post(std::string_view path, std::string_view body, std::string_view headers = "") {
    LoopbackClient one = client();
    one.post(path, body, headers);
    return one.read_response();
  }

  /// Waits until the engine has nothing to do; false after half a minute.
  bool becomes_idle() {
    return becomes(
        [](const EngineStats& stats) { return stats.running + stats.waiting + stats.kv_blocks_used == 0; });
  }
  template <class F>
  bool becomes(F condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition(engine_->stats())) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  std::unique_ptr<Server> server_;  // ends last: the engine posts to it
  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<LiveEngine> engine_;
};

inline json::object parsed(const std::string& text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value() && value->is_object()) << text;
  return value && value->is_object() ? std::move(value->as_object()) : json::object{};
}

struct SseEvent {
  std::string name, data;  // no name: empty
};

/// The events of an SSE body.
inline std::vector<SseEvent> named_sse_events(std::string_view body) {
  std::vector<SseEvent> events;
  for (std::size_t end; (end = body.find("\n\n")) != std::string_view::npos; body.remove_prefix(end + 2)) {
    std::string_view lines = body.substr(0, end);
    SseEvent& event = events.emplace_back();
    if (lines.starts_with("event: ")) {
      event.name = lines.substr(7, lines.find('\n') - 7);
      lines.remove_prefix(std::min(lines.find('\n'), lines.size() - 1) + 1);
    }
    EXPECT_TRUE(lines.starts_with("data: ") && lines.find('\n') == std::string_view::npos) << lines;
    event.data = lines.substr(std::min<std::size_t>(6, lines.size()));
  }
  EXPECT_EQ(body, "");
  return events;
}

/// The data of each event of an SSE body whose events have no names.
inline std::vector<std::string> sse_events(std::string_view body) {
  std::vector<std::string> data;
  for (SseEvent& event : named_sse_events(body)) {
    EXPECT_EQ(event.name, "");
    data.push_back(std::move(event.data));
  }
  return data;
}

}  // namespace loci::testing
