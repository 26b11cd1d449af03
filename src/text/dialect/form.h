// A dialect as data: the tags around reasoning and calls, and the coroutine that reads a call behind its tag.
#pragma once

#include <span>
#include <string_view>

#include "text/dialect/answer_reader.h"

namespace loci::dialect {

struct ReasoningTags {
  std::string_view open, close;
};

inline constexpr ReasoningTags kThink{"<think>", "</think>"};

struct Form {
  ReasoningTags reasoning;
  std::span<const std::string_view> call_tags;  // what opens calls; no tag is the beginning of another
  /// Reads the call or calls behind `call_tags[tag]` (or, at the answer's begin, those that `bare` opens, of
  /// which nothing has been read; then `tag` is -1). False where the text goes wrong: what is held is then
  /// content.
  Read<bool> (*read_calls)(AnswerReader& in, int tag) = nullptr;
  std::string_view bare{};  // bytes that may begin a call without a tag where no prose precedes
  /// Special tokens whose text the parser needs to see.
  std::span<const std::string_view> markers{};
  /// The text that leads up to the name of a call, and from the name to its arguments.
  std::string_view forced_begin{}, forced_end{};
};

/// The main coroutine of a dialect whose answers are text with tags in it.
Read<bool> read_tagged(AnswerReader& in, const Form& form);

}  // namespace loci::dialect
