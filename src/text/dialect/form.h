// A dialect as data: the tags around reasoning and calls, and the coroutine that reads a call behind its tag.
#pragma once

#include <span>
#include <string_view>

#include "text/dialect/answer_reader.h"

namespace loci::dialect {

using Tags = std::span<const std::string_view>;

struct ReasoningTags {
  std::string_view open, close;
};

/// Of all the tags of a form, none is the beginning of another.
struct Form {
  /// A thinking block begins at an `open` that no prose precedes, and ends at its `close`.
  std::span<const ReasoningTags> reasoning{};
  /// The model thinks first, though neither prompt nor answer say so (DeepSeek-R1 as first released).
  bool thinks_unasked = false;
  /// A call's tag ends a thinking block too: it is a special token, so no model writes about it.
  bool calls_end_reasoning = false;
  Tags call_tags{};  // what opens calls
  /// Reads the call or calls behind `call_tags[tag]` (or, where no prose precedes, those that a byte of
  /// `bare` opens, of which nothing has been read; then `tag` is -1). The tag is held. False where the text
  /// goes wrong: what is held is then content.
  Read<bool> (*read_calls)(AnswerReader& in, int tag) = nullptr;
  std::string_view bare{};
  Tags dropped{};  // markup without a meaning of its own
  /// Special tokens whose text the parser needs to see.
  Tags markers{};
  /// The text that leads up to the name of a call, and from the name to its arguments.
  std::string_view forced_begin{}, forced_end{};
  CallIds call_ids = CallIds::kAny;
  /// What leads from an open thinking block to the call; empty: the end of the block.
  std::string_view forced_after_reasoning{};
  /// The main coroutine, where the answer is not text with tags in it.
  Read<bool> (*read_answer)(AnswerReader& in, const Form& form) = nullptr;
};

inline constexpr ReasoningTags kThink[] = {{"<think>", "</think>"}};

/// The main coroutine of a dialect whose answers are text with tags in it.
Read<bool> read_tagged(AnswerReader& in, const Form& form);

}  // namespace loci::dialect
