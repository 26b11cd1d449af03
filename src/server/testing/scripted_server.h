// A server whose model shows a given chat template and says what the test wants. See scripted_executor.h.
#pragma once

#include "server/testing/live_server.h"
#include "server/testing/scripted_executor.h"
#include "testing/files.h"
#include "testing/tiny_model.h"

namespace loci::testing {

class ScriptedServer {
 public:
  /// The marks of the template's dialect are special tokens of the model; all other tokens are bytes and the
  /// space.
  explicit ScriptedServer(std::string_view chat_template, ServerConfig config = {}) {
    TinyModelShape shape{.context = 1 << 16, .text_tokens = {"▁"}};
    if (const Dialect* dialect = dialect_of_template(chat_template))
      shape.special_tokens.assign(dialect->markers.begin(), dialect->markers.end());
    EXPECT_TRUE(tiny_model(shape).write(folder_ / "tiny.gguf").has_value());
    write_file(folder_ / "template.jinja", chat_template);
    LiveServerOptions options;
    options.load.chat_template = folder_ / "template.jinja";
    options.executor = [this](const LoadedModel& model) {
      auto executor = std::make_unique<ScriptedExecutor>(model);
      executor_ = executor.get();
      return executor;
    };
    server_ =
        std::make_unique<LiveServer>(folder_ / "tiny.gguf", std::move(config),
                                     // Each answer begins at position 0: nothing is taken over from another.
                                     EngineConfig{.max_num_seqs = 4, .prefix_caching = false},
                                     std::vector<std::string>{"scripted"}, options);
  }

  LiveServer* operator->() { return server_.get(); }
  void say(std::string_view text) { executor_->say(text); }

  /// The answer to a body that is not refused.
  json::object post(std::string_view path, std::string_view body) {
    const HttpResponse response = server_->post(path, body);
    EXPECT_EQ(response.status, 200) << response.body;
    return parsed(response.body);
  }
  std::vector<SseEvent> stream(std::string_view path, std::string_view body) {
    const HttpResponse response = server_->post(path, body);
    EXPECT_EQ(response.status, 200) << response.body;
    return named_sse_events(response.body);
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<LiveServer> server_;
  ScriptedExecutor* executor_ = nullptr;  // the engine's
};

}  // namespace loci::testing
