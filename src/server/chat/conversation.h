// Helpers to write the messages that chat templates read.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "text/chat_template.h"

namespace loci {

/// A message's reasoning, under the names that templates read it by.
void set_reasoning(json::object& message, std::string_view reasoning);

/// The effort, as the variable that templates know it by; "none" turns thinking off where a template has a
/// switch for it. What chat_template_kwargs say goes first.
void set_reasoning_effort(ChatTemplateInput& conversation, std::string_view effort);

/// {"role": ..., "content": ...}
json::object chat_message(std::string_view role, json::value content);

}  // namespace loci
