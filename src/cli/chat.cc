// `loci chat [MODEL]`: a conversation on the terminal.
#include <iostream>
#include <memory>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/model_options.h"
#include "cli/sampling_options.h"

namespace loci::cli {
namespace {

struct ChatOptions {
  ModelOptions model;
  SamplingOptions sampling;
  std::string system;
};

class Conversation {
 public:
  Conversation(const LoadedModel& model, LiveEngine& engine, const ChatOptions& options)
      : model_(model), engine_(engine), options_(options) {
    clear();
  }

  void clear() {
    messages_.clear();
    if (!options_.system.empty()) add("system", options_.system);
  }

  /// Adds the user's message, streams the reply and adds that too.
  Result<> say(const std::string& text) {
    add("user", text);
    LOCI_TRY(Request request, make_request());
    std::string reply;
    const auto done = complete(engine_, std::move(request), [&](std::string_view piece) {
      print_text(piece);
      reply += piece;
    });
    print_text("\n");
    if (!done) return std::unexpected(done.error());
    add("assistant", reply);
    return {};
  }

 private:
  void add(std::string_view role, std::string_view content) {
    messages_.push_back({{"role", role}, {"content", content}});
  }

  /// The prompt of the whole conversation; its oldest exchanges are forgotten when it outgrows half of the
  /// context.
  Result<Request> make_request() {
    Request request;
    for (;;) {
      ChatTemplateInput conversation;
      conversation.messages = messages_;
      LOCI_TRY(request.prompt, model_.encode_chat(std::move(conversation)));
      const int room = engine_.max_model_len() - static_cast<int>(request.prompt.size());
      if (room >= std::min(options_.sampling.max_tokens, engine_.max_model_len() / 2) || !forget_oldest()) {
        request.max_tokens = std::max(1, std::min(options_.sampling.max_tokens, room));
        request.sampling = options_.sampling.params(model_.defaults());
        return request;
      }
    }
  }

  /// Drops the first user message and what followed it; false if only the newest is left.
  bool forget_oldest() {
    const std::size_t first = options_.system.empty() ? 0 : 1;
    if (messages_.size() < first + 3) return false;
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(first),
                    messages_.begin() + static_cast<std::ptrdiff_t>(first + 2));
    return true;
  }

  const LoadedModel& model_;
  LiveEngine& engine_;
  const ChatOptions& options_;
  json::array messages_;
};

Result<> hold_conversation(ChatOptions& options) {
  LOCI_TRY_VOID(options.model.apply());
  LOCI_TRY(const LoadedModel model, LoadedModel::load(options.model.model, options.model.load_options()));
  options.model.engine.max_num_seqs = 1;
  LOCI_TRY(const auto engine, LiveEngine::start(model, options.model.engine));
  Conversation conversation(model, *engine, options);
  const bool is_terminal = ::isatty(STDIN_FILENO) != 0;
  if (is_terminal)
    fmt::print("{}: type a message; /clear starts again, /exit or Ctrl-D ends.\n", model.name());
  std::string line;
  for (;;) {
    if (is_terminal) print_text("> ");
    if (!std::getline(std::cin, line) || line == "/exit") return {};
    if (line == "/clear") {
      conversation.clear();
    } else if (!line.empty()) {
      LOCI_TRY_VOID(conversation.say(line));
    }
  }
}

}  // namespace

Command add_chat(CLI::App& app) {
  auto options = std::make_shared<ChatOptions>();
  options->model.log_level = "warning";
  CLI::App* command = app.add_subcommand("chat", "hold a conversation on the terminal");
  add_model_argument(*command, options->model);
  command->add_option("--system", options->system, "the system message");
  add_sampling_options(*command, options->sampling);
  add_model_options(*command, options->model);
  add_engine_options(*command, options->model);
  return {command, [options] { return hold_conversation(*options); }};
}

}  // namespace loci::cli
