#include "server/chat/conversation.h"

#include <utility>

namespace loci {

void set_reasoning(json::object& message, std::string_view reasoning) {
  message["reasoning_content"] = reasoning;
  message["reasoning"] = reasoning;
  // Harmony's template reads "thinking", and only beside calls without content.
  const json::value* content = find_field(message, "content");
  const bool says_nothing = content == nullptr || *content == "";
  if (says_nothing && message.contains("tool_calls")) message["thinking"] = reasoning;
}

void set_reasoning_effort(ChatTemplateInput& conversation, std::string_view effort) {
  conversation.extra.emplace("reasoning_effort", effort);
  if (effort == "none") conversation.extra.emplace("enable_thinking", false);
}

json::object chat_message(std::string_view role, json::value content) {
  return {{"role", role}, {"content", std::move(content)}};
}

}  // namespace loci
