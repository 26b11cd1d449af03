#include "text/dialect/dialect.h"

#include "text/dialect/dialect_table.h"
#include "text/dialect/form.h"

namespace loci {
namespace {

using dialect::Form;

/// A parser is a main coroutine and the reader that it reads from.
class CoroutineParser final : public AnswerParser {
 public:
  CoroutineParser(const AnswerOptions& options, const Form& form)
      : in_(options),
        main_(form.read_answer != nullptr ? form.read_answer(in_, form) : read_tagged(in_, form)) {
    in_.start(main_.handle());
  }
  AnswerDelta feed(std::string_view text) override { return in_.run(text); }
  AnswerDelta finish() override { return in_.finish(); }

 private:
  dialect::AnswerReader in_;
  dialect::Read<bool> main_;
};

std::string_view without_space_behind(std::string_view text) {
  while (!text.empty() && dialect::is_space(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

}  // namespace

std::unique_ptr<AnswerParser> Dialect::make_parser(const AnswerOptions& options) const {
  return std::make_unique<CoroutineParser>(options, *form);
}

std::string Dialect::forced_call(std::string_view function, const AnswerOptions& options) const {
  if (form->forced_begin.empty()) return {};
  std::string text;
  if (options.reasoning_open && !form->forced_after_reasoning.empty()) {
    text = form->forced_after_reasoning;
  } else if (options.reasoning_open && !form->reasoning.empty()) {
    text.append("\n").append(form->reasoning.front().close).append("\n\n");
  }
  text += form->forced_begin;
  if (!function.empty()) text.append(function).append(form->forced_end);
  return text;
}

bool Dialect::reasoning_open(std::string_view rendered_prompt) const {
  const std::string_view prompt = without_space_behind(rendered_prompt);
  for (const dialect::ReasoningTags& tags : form->reasoning) {
    if (prompt.ends_with(tags.open)) return true;
    if (prompt.ends_with(tags.close)) return false;
  }
  return form->thinks_unasked;
}

const Dialect* dialect_of_template(std::string_view chat_template_source) {
  for (const dialect::TableRow& row : dialect::dialect_table())
    if (row.shows(chat_template_source)) return &row.dialect;
  return nullptr;
}

}  // namespace loci
