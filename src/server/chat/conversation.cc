#include "server/chat/conversation.h"

#include <algorithm>
#include <utility>

namespace loci {
namespace {

std::unexpected<Error> refuse(std::string field, std::string_view must) {
  std::string message = fmt::format("'{}' {}", field, must);
  return std::unexpected(Error{ErrorCode::kInvalidArgument, std::move(message), std::move(field)});
}

Result<std::string> text_of_part(const json::value& part, const std::string& where,
                                 std::span<const TextPart> kinds) {
  const json::object* object = part.if_object();
  if (object == nullptr) return refuse(where, fmt::format("must be an object, got {}", json_type_name(part)));
  const json::value* type = find_field(*object, "type");
  if (type == nullptr || !type->is_string()) return refuse(where + ".type", "must be a string");
  const std::string_view name = type->get_string();
  const auto kind = std::ranges::find(kinds, name, &TextPart::type);
  if (kind == kinds.end())
    return refuse(where + ".type", fmt::format("must be '{}' for this model, got '{}'", kinds.front().type,
                                               name.substr(0, 64)));
  const json::value* text = find_field(*object, kind->field);
  if (text == nullptr || !text->is_string())
    return refuse(fmt::format("{}.{}", where, kind->field), "must be a string");
  return std::string(text->get_string());
}

}  // namespace

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

void read_template_arguments(FieldReader& fields, ChatTemplateInput& out) {
  if (const json::value* value = fields.find("chat_template_kwargs")) {
    const json::object* arguments = value->if_object();
    if (arguments == nullptr) return fields.refuse_type("chat_template_kwargs", "an object", *value);
    out.extra = *arguments;
  }
  std::optional<std::string> effort;
  fields.read("reasoning_effort", effort);
  if (effort) set_reasoning_effort(out, *effort);
}

json::object chat_message(std::string_view role, std::optional<std::string_view> text) {
  return {{"role", role}, {"content", text ? json::value(*text) : json::value(nullptr)}};
}

void finish_message(json::object& message) {
  const json::value* reasoning = find_field(message, "reasoning_content");
  if (reasoning == nullptr || !reasoning->is_string()) return;
  const std::string text(reasoning->get_string());
  set_reasoning(message, text);
}

bool is_system(const json::value& message) {
  const json::value& role = message.at("role");
  return role == "system" || role == "developer";
}

void merge_leading_systems(json::array& messages) {
  const auto others = std::ranges::find_if_not(messages, is_system);
  if (others - messages.begin() < 2) return;
  std::string text;
  for (auto message = messages.begin(); message != others; ++message) {
    if (!text.empty()) text += "\n\n";
    text += message->at("content").as_string();
  }
  messages.front().get_object()["content"] = text;
  messages.erase(messages.begin() + 1, others);
}

Result<std::string> text_of(const json::value& content, const std::string& where,
                            std::span<const TextPart> kinds) {
  if (const json::string* text = content.if_string()) return std::string(*text);
  const json::array* parts = content.if_array();
  if (parts == nullptr)
    return refuse(where, fmt::format("must be a string or a list of parts, got {}", json_type_name(content)));
  std::string text;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    LOCI_TRY(const std::string part, text_of_part((*parts)[i], fmt::format("{}[{}]", where, i), kinds));
    if (i > 0) text += '\n';
    text += part;
  }
  return text;
}

}  // namespace loci
