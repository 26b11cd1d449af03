#include "text/dialect/dialect.h"

#include "text/dialect/forms.h"

namespace loci {
namespace {

using dialect::Form;

/// A parser is a main coroutine and the reader that it reads from.
class CoroutineParser final : public AnswerParser {
 public:
  CoroutineParser(AnswerOptions options, const Form& form)
      : in_(std::move(options)), main_(dialect::read_tagged(in_, form)) {
    in_.start(main_.handle());
  }
  AnswerDelta feed(std::string_view text) override { return in_.run(text); }
  AnswerDelta finish() override { return in_.finish(); }

 private:
  dialect::AnswerReader in_;
  dialect::Read<bool> main_;
};

bool has(std::string_view text, std::string_view mark) {
  return text.find(mark) != std::string_view::npos;
}

/// A dialect, and how a template is told to show it.
struct Row {
  Dialect dialect;
  bool (*shows)(std::string_view source);
};

Row row(std::string_view name, const Form& form, bool (*shows)(std::string_view)) {
  return {{.name = name, .markers = form.markers, .form = &form}, shows};
}

/// In the order in which they are tried.
const std::vector<Row>& table() {
  static const std::vector<Row> rows{
      row("hermes", dialect::kHermes, [](std::string_view s) { return has(s, "<tool_call>"); }),
      row("think", dialect::kReasoningOnly, [](std::string_view s) { return has(s, "</think>"); }),
  };
  return rows;
}

std::string_view without_space_behind(std::string_view text) {
  while (!text.empty() && dialect::is_space(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

}  // namespace

std::unique_ptr<AnswerParser> Dialect::make_parser(const AnswerOptions& options) const {
  return std::make_unique<CoroutineParser>(options, *form);
}

std::string Dialect::forced_call(std::string_view function, const AnswerOptions& options) const {
  if (form->read_calls == nullptr) return {};
  std::string text;
  if (options.reasoning_open) text.append("\n").append(form->reasoning.close).append("\n\n");
  text += form->forced_begin;
  if (!function.empty()) text.append(function).append(form->forced_end);
  return text;
}

bool Dialect::reasoning_open(std::string_view rendered_prompt) const {
  const std::string_view open = form->reasoning.open;
  return !open.empty() && without_space_behind(rendered_prompt).ends_with(open);
}

const Dialect* dialect_of_template(std::string_view chat_template_source) {
  for (const Row& one : table())
    if (one.shows(chat_template_source)) return &one.dialect;
  return nullptr;
}

}  // namespace loci
