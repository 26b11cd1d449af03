// A whole server for tests: a real model, the live engine and the HTTP server on a free port.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <thread>

#include "base/json.h"
#include "server/server.h"
#include "server/testing/loopback_client.h"

namespace loci::testing {

class LiveServer {
 public:
  /// `model` empty: the embedded default. `names` empty: the model's own.
  LiveServer(const std::filesystem::path& model, ServerConfig config, EngineConfig engine_config = {},
             std::vector<std::string> names = {}) {
    config.http.port = 0;
    auto server = Server::start(config);
    EXPECT_TRUE(server.has_value());
    server_ = std::move(*server);
    auto loaded = LoadedModel::load(model, {});
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
    model_ = std::make_unique<LoadedModel>(std::move(*loaded));
    engine_config.threads = 1;
    auto engine = LiveEngine::start(*model_, engine_config);
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

/// The data of each event of an SSE body.
inline std::vector<std::string> sse_events(std::string_view body) {
  std::vector<std::string> events;
  while (!body.empty()) {
    const std::size_t end = body.find("\n\n");
    EXPECT_TRUE(body.starts_with("data: ") && end != std::string_view::npos) << body;
    if (end == std::string_view::npos) break;
    events.emplace_back(body.substr(6, end - 6));
    body.remove_prefix(end + 2);
  }
  return events;
}

}  // namespace loci::testing
