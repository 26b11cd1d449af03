#include "server/openai/chat_request.h"

namespace loci {
namespace {

std::unexpected<Error> refuse(std::string field, std::string_view must) {
  std::string message = fmt::format("'{}' {}", field, must);
  return std::unexpected(Error{ErrorCode::kInvalidArgument, std::move(message), std::move(field)});
}

Result<std::string> join_text_parts(const json::array& parts, const std::string& where) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part_name = fmt::format("{}[{}]", where, i);
    const json::object* part = parts[i].if_object();
    if (part == nullptr)
      return refuse(part_name, fmt::format("must be an object, got {}", json_type_name(parts[i])));
    const json::value* type = find_field(*part, "type");
    if (type == nullptr || !type->is_string()) return refuse(part_name + ".type", "must be a string");
    if (type->get_string() != "text")
      return refuse(part_name + ".type", fmt::format("must be 'text' for this model, got '{}'",
                                                     std::string_view(type->get_string()).substr(0, 64)));
    const json::value* content = find_field(*part, "text");
    if (content == nullptr || !content->is_string()) return refuse(part_name + ".text", "must be a string");
    if (i > 0) text += '\n';
    text += std::string_view(content->get_string());
  }
  return text;
}

bool has_entries(const json::object& message, std::string_view name) {
  const json::value* value = find_field(message, name);
  return value != nullptr && (!value->is_array() || !value->get_array().empty());
}

/// Only an assistant that called a tool may have said nothing.
bool may_lack_content(const json::object& message, std::string_view role) {
  return role == "assistant" && (has_entries(message, "tool_calls") || has_entries(message, "function_call"));
}

Result<json::object> parse_message(const json::value& value, const std::string& where) {
  const json::object* object = value.if_object();
  if (object == nullptr)
    return refuse(where, fmt::format("must be an object, got {}", json_type_name(value)));
  json::object message = *object;
  const json::value* role = find_field(message, "role");
  if (role == nullptr || !role->is_string() || role->get_string().empty())
    return refuse(where + ".role", "must be a string that is not empty");
  if (const json::value* name = find_field(message, "name"); name != nullptr && !name->is_string())
    return refuse(where + ".name", fmt::format("must be a string, got {}", json_type_name(*name)));
  json::value* content = message.if_contains("content");
  if (content == nullptr || content->is_null()) {
    if (!may_lack_content(message, role->get_string())) return refuse(where + ".content", "is required");
    message["content"] = nullptr;
  } else if (const json::array* parts = content->if_array()) {
    LOCI_TRY(std::string text, join_text_parts(*parts, where + ".content"));
    *content = text;
  } else if (!content->is_string()) {
    return refuse(where + ".content",
                  fmt::format("must be a string or a list of parts, got {}", json_type_name(*content)));
  }
  return message;
}

void read_messages(FieldReader& fields, json::array& out) {
  const json::value* value = fields.find("messages");
  if (value == nullptr) return fields.refuse("messages", "'messages' is required");
  const json::array* messages = value->if_array();
  if (messages == nullptr) return fields.refuse_type("messages", "a list of messages", *value);
  if (messages->empty()) return fields.refuse("messages", "'messages' must not be empty");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    auto message = parse_message((*messages)[i], fmt::format("messages[{}]", i));
    if (!message) return fields.refuse(message.error().field, message.error().message);
    out.emplace_back(std::move(*message));
  }
}

void read_template_arguments(FieldReader& fields, ChatTemplateInput& out) {
  const json::value* value = fields.find("chat_template_kwargs");
  if (value == nullptr) return;
  const json::object* arguments = value->if_object();
  if (arguments == nullptr) return fields.refuse_type("chat_template_kwargs", "an object", *value);
  out.extra = *arguments;
}

void read_chat_logprobs(FieldReader& fields, Request& engine) {
  bool logprobs = false;
  std::optional<int> top;
  fields.read("logprobs", logprobs);
  fields.read("top_logprobs", top, IntRange{0, kMaxLogprobs});
  if (top.value_or(0) > 0 && !logprobs)
    fields.refuse("top_logprobs", "'top_logprobs' needs 'logprobs' to be true");
  if (logprobs) engine.logprobs = top.value_or(0);
}

/// max_completion_tokens is the newer name; it wins.
void read_max_tokens(FieldReader& fields, GenerationRequest& out) {
  if (fields.has("max_completion_tokens")) {
    out.max_tokens_field = "max_completion_tokens";
    fields.read("max_completion_tokens", out.max_tokens, IntRange{.min = 0});
  }
  if (out.max_tokens == 0)
    fields.refuse(out.max_tokens_field, fmt::format("'{}' must be at least 1, got 0", out.max_tokens_field));
}

}  // namespace

void read_conversation(FieldReader& fields, ChatTemplateInput& out) {
  read_messages(fields, out.messages);
  fields.read("add_generation_prompt", out.add_generation_prompt);
  read_template_arguments(fields, out);
}

Result<ChatRequest> parse_chat_request(const json::object& body, const ParseContext& context) {
  ChatRequest request;
  FieldReader fields(body);
  read_generation_fields(fields, context, request.generation);
  read_max_tokens(fields, request.generation);
  read_chat_logprobs(fields, request.generation.engine);
  fields.read("add_special_tokens", request.add_special_tokens);
  bool echo = false;
  fields.read("echo", echo);
  if (echo) fields.refuse("echo", "'echo' is not supported in chat by this server");
  read_conversation(fields, request.conversation);
  LOCI_TRY_VOID(fields.status());
  LOCI_TRY_VOID(check_generation(context, request.generation));
  return request;
}

}  // namespace loci
