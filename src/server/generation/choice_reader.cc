#include "server/generation/choice_reader.h"

#include "server/generation/answer_writer.h"
#include "server/random_id.h"

namespace loci {

ChoiceReader::ChoiceReader(const AnswerSyntax& syntax) : syntax_(&syntax) {
  if (syntax.dialect != nullptr) parser_ = syntax.dialect->make_parser(syntax.options);
  in_reasoning_ = syntax.options.reasoning_open;
}

AnswerDelta ChoiceReader::read(std::string_view text, int tokens, bool last) {
  AnswerDelta delta;
  if (parser_ == nullptr) {
    delta.content = text;
    return delta;
  }
  if (!begun_) {
    begun_ = true;
    delta = parser_->feed(syntax_->begun);
  }
  append(delta, parser_->feed(text));
  if (last) append(delta, parser_->finish());
  count(delta, tokens);
  if (last) count_rest();
  finish_calls(delta.tool_calls);
  return delta;
}

/// Text that the parser holds back is counted with what comes out next.
void ChoiceReader::count(const AnswerDelta& delta, int tokens) {
  undecided_tokens_ += tokens;
  if (is_empty(delta)) return;
  if (!delta.reasoning.empty()) reasoning_tokens_ += undecided_tokens_;
  undecided_tokens_ = 0;
  in_reasoning_ = !delta.reasoning.empty() && delta.content.empty() && delta.tool_calls.empty();
}

/// Tokens at the end that brought nothing, such as space, belong to what was before them.
void ChoiceReader::count_rest() {
  if (in_reasoning_) reasoning_tokens_ += undecided_tokens_;
  undecided_tokens_ = 0;
}

void ChoiceReader::finish_calls(std::vector<ToolCallDelta>& calls) const {
  if (!syntax_->parallel_calls)
    std::erase_if(calls, [](const ToolCallDelta& call) { return call.index > 0; });
  for (ToolCallDelta& call : calls)
    if (!call.name.empty() && call.id.empty())
      call.id = new_call_id(syntax_->dialect->call_ids, syntax_->call_id_prefix);
}

std::string new_call_id(CallIds kind, std::string_view prefix) {
  const std::string digits = random_hex_id();
  if (kind == CallIds::kNineAlphanumeric) return digits.substr(0, 9);
  return std::string(prefix) + digits.substr(0, 24);
}

}  // namespace loci
