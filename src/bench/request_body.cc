#include "bench/request_body.h"

#include <algorithm>

namespace loci::bench {
namespace {

std::string_view role_name(Message::Role role) {
  switch (role) {
    case Message::Role::kSystem:
      return "system";
    case Message::Role::kAssistant:
      return "assistant";
    case Message::Role::kUser:
      break;
  }
  return "user";
}

std::string text_of(const Message& message, const BodyOptions& options) {
  std::string text = message.text;
  for (const Segment& segment : message.segments) append_words(text, segment, options.tokens_per_word);
  return text;
}

/// The prompt as a JSON array of ids, built by hand: a long prompt has a hundred thousand of them.
std::string ids_of(const Conversation& conversation, const BodyOptions& options) {
  std::string ids = "[";
  ids.reserve(static_cast<std::size_t>(planned_tokens(conversation)) * 7 + 2);
  for (const Message& message : conversation) {
    for (const Segment& segment : message.segments) append_ids(ids, segment, options.alphabet);
    for (const TokenId id : message.ids) ids += fmt::format("{},", id);
  }
  if (ids.back() == ',') ids.pop_back();
  return ids + "]";
}

std::string whole_text(const Conversation& conversation, const BodyOptions& options) {
  std::string text;
  for (const Message& message : conversation) {
    const std::string part = text_of(message, options);
    if (!text.empty() && !part.empty() && message.role != Message::Role::kAssistant) text += ' ';
    text += part;
  }
  return text;
}

json::array messages_of(const Conversation& conversation, const BodyOptions& options) {
  json::array messages;
  for (const Message& message : conversation)
    messages.push_back(
        json::object{{"role", role_name(message.role)}, {"content", text_of(message, options)}});
  return messages;
}

}  // namespace

bool goes_as_ids(const Conversation& conversation, const BodyOptions& options) {
  return options.api == Api::kCompletions && options.form == PromptForm::kIds &&
         std::ranges::all_of(conversation, [](const Message& message) { return message.text.empty(); });
}

std::string request_body(const Conversation& conversation, const RequestShape& shape,
                         const BodyOptions& options) {
  json::object body{{"model", options.model},
                    {"max_tokens", shape.output_tokens},
                    {"stream", true},
                    {"stream_options", {{"include_usage", true}}}};
  if (options.temperature) body["temperature"] = *options.temperature;
  if (options.ignore_eos) body["ignore_eos"] = true;
  if (shape.priority) body["priority"] = *shape.priority;
  const bool ids = goes_as_ids(conversation, options);
  if (ids && shape.asks_token_ids) body["return_token_ids"] = true;
  if (options.api == Api::kChat)
    body["messages"] = messages_of(conversation, options);
  else if (!ids)
    body["prompt"] = whole_text(conversation, options);
  for (const auto& [key, value] : options.extra) body[key] = value;
  std::string text = json::serialize(body);
  if (ids) {
    text.back() = ',';
    text += "\"prompt\":" + ids_of(conversation, options) + "}";
  }
  return text;
}

}  // namespace loci::bench
