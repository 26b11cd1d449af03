// Helpers to write the messages that chat templates read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "server/openai/field_reader.h"
#include "text/chat_template.h"

namespace loci {

/// A message's reasoning, under the names that templates read it by.
void set_reasoning(json::object& message, std::string_view reasoning);

/// The effort, as the variable that templates know it by; "none" turns thinking off where a template has a
/// switch for it. What chat_template_kwargs say goes first.
void set_reasoning_effort(ChatTemplateInput& conversation, std::string_view effort);

/// chat_template_kwargs, and reasoning_effort.
void read_template_arguments(FieldReader& fields, ChatTemplateInput& out);

/// {"role": ..., "content": text or null}
json::object chat_message(std::string_view role, std::optional<std::string_view> text);
/// Gives a message its reasoning_content under the other names too, where it has any.
void finish_message(json::object& message);

/// True for the roles "system" and "developer".
bool is_system(const json::value& message);
/// Makes the system and developer messages in front one: many templates take one, at the very beginning.
void merge_leading_systems(json::array& messages);

/// A kind of content part that is text, and the field that it is in.
struct TextPart {
  std::string_view type, field;
};
/// The text of a content: a string, or a list of such parts, which are joined by newlines. `where` is its
/// name.
Result<std::string> text_of(const json::value& content, const std::string& where,
                            std::span<const TextPart> kinds);

}  // namespace loci
