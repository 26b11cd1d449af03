// Chat templates: the Jinja program that a model's authors ship, which renders a conversation as the prompt
// that the model was trained on. Immutable after parse; safe from any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace loci {

struct ChatTemplateInput {
  json::array
      messages;  // objects with "role" and "content" (a string or content parts), as the API received them
  json::array
      tools;  // empty: the variable `tools` is None (undefined, for a template that cannot do with None)
  bool add_generation_prompt = true;
  /// The rendering ends where the last message's content does, so that the model goes on with it; then
  /// add_generation_prompt has to be false.
  bool continue_final_message = false;
  json::object extra;  // chat_template_kwargs: further variables (enable_thinking, ...)
  std::string bos_token, eos_token;
  /// The date that `strftime_now` tells, as local time. Callers set it: without it, a template that asks for
  /// the date fails.
  std::optional<std::chrono::sys_seconds> now{};
};

class ChatTemplate {
 public:
  /// kCorrupt with line and reason where `source` is not a template.
  static Result<ChatTemplate> parse(std::string_view source);
  /// ChatML; with a BOS in front where the tokenizer adds one.
  static ChatTemplate chatml(bool with_bos);

  /// kInvalidArgument with the template's own words where it raises an exception (an unsupported role, say),
  /// and "template line L: what" where it goes wrong. Time, memory and output are bounded. Content that is an
  /// array of text parts goes to the template as it is where the template can take it for that role (found
  /// out at parse, by trying), else as one text, the parts joined by newlines; then a part that is not text
  /// is kInvalidArgument.
  Result<std::string> render(const ChatTemplateInput& input) const;

  /// Rewrites messages of the API (calls with their arguments as objects, null content, the role "developer")
  /// in the forms that this template can do with. For render, which takes messages as they are.
  void fit(json::array& messages) const;

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace loci
