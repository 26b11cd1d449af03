// An answer as a sequence of blocks (reasoning, text, tool calls), as Responses and Messages show it: each
// opens, grows and closes before the next one opens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/generation/answer_writer.h"

namespace loci {

struct AnswerBlock {
  enum class Kind { kReasoning, kText, kCall };
  Kind kind;
  std::string text;  // of a call: the JSON of its arguments
  std::string id{};  // of this block, for APIs that give blocks ids; set by the listener
  std::string call_id{}, call_name{};
};

class AnswerBlocks {
 public:
  /// Hears of blocks as they come; `index` counts them.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void opened(int index, AnswerBlock& block) = 0;  // its text is still empty
    virtual void grew(int index, const AnswerBlock& block, std::string_view more) = 0;
    virtual void closed(int index, const AnswerBlock& block) = 0;
  };
  explicit AnswerBlocks(Listener& listener) : listener_(listener) {}

  void add(const AnswerDelta& delta);
  void close();

  const std::vector<AnswerBlock>& blocks() const { return blocks_; }
  bool has_calls() const;

 private:
  using Kind = AnswerBlock::Kind;
  void add_text(Kind kind, std::string_view text);
  void add_call(const ToolCallDelta& call);
  void open(AnswerBlock block);
  void grow(std::string_view text);

  Listener& listener_;
  std::vector<AnswerBlock> blocks_;
  bool is_open_ = false;  // the last of them
  int call_ = -1;         // the index of the call that it is
  std::string space_;     // that may begin a text block; dropped where none follows
};

}  // namespace loci
