#include "server/generation/answer_writer.h"

#include <utility>

namespace loci {

void append(AnswerDelta& to, AnswerDelta&& more) {
  to.content += more.content;
  to.reasoning += more.reasoning;
  for (ToolCallDelta& call : more.tool_calls) {
    if (!to.tool_calls.empty() && to.tool_calls.back().index == call.index) {
      to.tool_calls.back().arguments += call.arguments;
    } else {
      to.tool_calls.push_back(std::move(call));
    }
  }
}

bool is_empty(const AnswerDelta& delta) {
  return delta.content.empty() && delta.reasoning.empty() && delta.tool_calls.empty();
}

}  // namespace loci
