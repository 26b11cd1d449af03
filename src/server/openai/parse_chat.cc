#include "server/openai/parse_chat.h"

#include "server/chat/conversation.h"
#include "server/chat/tools.h"

namespace loci {
namespace {

constexpr TextPart kTextParts[] = {{"text", "text"}, {"refusal", "refusal"}};

/// The content as a string; null only where an assistant called a tool and said nothing.
void read_content(FieldReader& fields, json::object& message) {
  const json::value* content = fields.find("content");
  if (content == nullptr) {
    const bool called = message.contains("tool_calls") || fields.has("function_call");
    if (message.at("role") != "assistant" || !called)
      fields.refuse("content", fmt::format("'{}' is required", fields.path("content")));
    message["content"] = nullptr;
  } else {
    auto text = text_of(*content, fields.path("content"), kTextParts);
    if (!text) return fields.refuse_error(std::move(text).error());
    message["content"] = std::move(*text);
  }
}

json::object parse_call(FieldReader& call) {
  std::string id, type = "function", name;
  call.read("id", id);
  call.read("type", type);
  if (type != "function")
    call.refuse("type",
                fmt::format("'{}' must be 'function', got '{}'", call.path("type"), type.substr(0, 64)));
  const json::value* function = call.find("function");
  if (function == nullptr || !function->is_object()) {
    call.refuse("function", fmt::format("'{}' must be an object", call.path("function")));
    return {};
  }
  FieldReader inner(function->get_object(), call.path("function"));
  inner.read("name", name);
  if (name.empty()) inner.refuse("name", fmt::format("'{}' is required", inner.path("name")));
  json::object arguments = read_arguments(inner, "arguments");
  call.take_error(inner);
  return tool_call(id, name, std::move(arguments));
}

/// An empty list is no list: some templates look whether there is one.
void read_calls(FieldReader& fields, json::object& message) {
  const json::value* value = fields.find("tool_calls");
  message.erase("tool_calls");
  if (value == nullptr) return;
  const json::array* calls = value->if_array();
  if (calls == nullptr) return fields.refuse_type("tool_calls", "a list of calls", *value);
  json::array parsed;
  for (std::size_t i = 0; i < calls->size(); ++i) {
    const std::string where = fmt::format("tool_calls[{}]", i);
    const json::object* object = (*calls)[i].if_object();
    if (object == nullptr) return fields.refuse_type(where, "an object", (*calls)[i]);
    FieldReader call(*object, fields.path(where));
    parsed.push_back(parse_call(call));
    if (!fields.take_error(call)) return;
  }
  if (!parsed.empty()) message["tool_calls"] = std::move(parsed);
}

/// Under every name that templates read it by.
void read_reasoning(FieldReader& fields, json::object& message) {
  std::optional<std::string> reasoning;
  fields.read("reasoning", reasoning);
  fields.read("reasoning_content", reasoning);
  if (reasoning) set_reasoning(message, *reasoning);
}

Result<json::object> parse_message(const json::object& object, std::string where) {
  FieldReader fields(object, std::move(where));
  json::object message = object;
  std::string role, ignored;
  fields.read("role", role);
  if (role.empty())
    fields.refuse("role", fmt::format("'{}' must be a string that is not empty", fields.path("role")));
  message["role"] = role;
  fields.read("name", ignored);
  fields.read("tool_call_id", ignored);
  read_calls(fields, message);
  read_content(fields, message);
  read_reasoning(fields, message);
  LOCI_TRY_VOID(fields.status());
  return message;
}

void read_messages(FieldReader& fields, json::array& out) {
  const json::value* value = fields.find("messages");
  if (value == nullptr) return fields.refuse("messages", "'messages' is required");
  const json::array* messages = value->if_array();
  if (messages == nullptr) return fields.refuse_type("messages", "a list of messages", *value);
  if (messages->empty()) return fields.refuse("messages", "'messages' must not be empty");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    std::string where = fmt::format("messages[{}]", i);
    const json::object* object = (*messages)[i].if_object();
    if (object == nullptr) return fields.refuse_type(where, "an object", (*messages)[i]);
    auto message = parse_message(*object, std::move(where));
    if (!message) return fields.refuse_error(std::move(message).error());
    out.emplace_back(std::move(*message));
  }
}

void read_tool(FieldReader& tool, json::array& out) {
  std::string type = "function";
  tool.read("type", type);
  if (type != "function")
    tool.refuse("type",
                fmt::format("'{}' must be 'function', got '{}'", tool.path("type"), type.substr(0, 64)));
  const json::value* function = tool.find("function");
  if (function == nullptr || !function->is_object())
    return tool.refuse("function", fmt::format("'{}' must be an object", tool.path("function")));
  FieldReader inner(function->get_object(), tool.path("function"));
  out.push_back(read_function(inner, "parameters"));
  tool.take_error(inner);
}

void read_tool_choice(FieldReader& fields, ToolChoice& out) {
  using Mode = ToolChoice::Mode;
  const json::value* value = fields.find("tool_choice");
  if (value == nullptr) return;
  constexpr std::string_view kForms =
      "'tool_choice' must be 'none', 'auto', 'required' or {\"type\": \"function\", \"function\": {\"name\": "
      "...}}";
  if (read_tool_word(*value, out)) return;
  const json::object* object = value->if_object();
  const json::value* type = object != nullptr ? find_field(*object, "type") : nullptr;
  const json::value* function = object != nullptr ? find_field(*object, "function") : nullptr;
  const json::value* name =
      function != nullptr && function->is_object() ? find_field(function->get_object(), "name") : nullptr;
  if (type == nullptr || *type != "function" || name == nullptr || !name->is_string())
    return fields.refuse("tool_choice", std::string(kForms));
  out = {Mode::kNamed, std::string(name->get_string())};
}

void read_ending(FieldReader& fields, ChatTemplateInput& out) {
  fields.read("continue_final_message", out.continue_final_message);
  out.add_generation_prompt = !out.continue_final_message;
  fields.read("add_generation_prompt", out.add_generation_prompt);
  if (out.continue_final_message && out.add_generation_prompt)
    fields.refuse("continue_final_message",
                  "'continue_final_message' and 'add_generation_prompt' cannot both be true");
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
  read_tools(fields, "tools", read_tool, out.tools);
  read_ending(fields, out);
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
  read_tool_choice(fields, request.tool_choice);
  check_tool_choice(fields, request.tool_choice, request.conversation.tools);
  fields.read("parallel_tool_calls", request.parallel_tool_calls);
  LOCI_TRY_VOID(fields.status());
  LOCI_TRY_VOID(check_generation(context, request.generation));
  return request;
}

}  // namespace loci
