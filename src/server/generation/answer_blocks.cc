#include "server/generation/answer_blocks.h"

#include <algorithm>
#include <utility>

namespace loci {

void AnswerBlocks::add(const AnswerDelta& delta) {
  add_text(Kind::kReasoning, delta.reasoning);
  add_text(Kind::kText, delta.content);
  for (const ToolCallDelta& call : delta.tool_calls) add_call(call);
}

/// A text block of space alone would be one that clients cannot send back: models write lines around their
/// calls.
void AnswerBlocks::add_text(Kind kind, std::string_view text) {
  if (text.empty()) return;
  if (is_open_ && blocks_.back().kind == kind) return grow(text);
  if (kind == Kind::kText && text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    space_ += text;
    return;
  }
  const std::string begin = kind == Kind::kText ? std::exchange(space_, {}) : std::string();
  open({.kind = kind, .text = {}});
  grow(begin + std::string(text));
}

void AnswerBlocks::add_call(const ToolCallDelta& call) {
  if (!call.name.empty()) {
    open({.kind = Kind::kCall, .text = {}, .call_id = call.id, .call_name = call.name});
    call_ = call.index;
  }
  if (is_open_ && blocks_.back().kind == Kind::kCall && call_ == call.index && !call.arguments.empty())
    grow(call.arguments);
}

void AnswerBlocks::open(AnswerBlock block) {
  close();
  blocks_.push_back(std::move(block));
  is_open_ = true;
  listener_.opened(static_cast<int>(blocks_.size()) - 1, blocks_.back());
}

void AnswerBlocks::grow(std::string_view text) {
  blocks_.back().text += text;
  listener_.grew(static_cast<int>(blocks_.size()) - 1, blocks_.back(), text);
}

void AnswerBlocks::close() {
  space_.clear();
  if (!std::exchange(is_open_, false)) return;
  listener_.closed(static_cast<int>(blocks_.size()) - 1, blocks_.back());
}

bool AnswerBlocks::has_calls() const {
  return std::ranges::any_of(blocks_, [](const AnswerBlock& block) { return block.kind == Kind::kCall; });
}

}  // namespace loci
