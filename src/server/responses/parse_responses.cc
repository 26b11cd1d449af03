#include "server/responses/parse_responses.h"

#include "server/chat/conversation.h"
#include "server/chat/tools.h"
#include "server/responses/input_items.h"

namespace loci {
namespace {

bool is_false(const json::value& value) {
  return value.is_bool() && !value.get_bool();
}

/// What would need a memory, or other things that are not here.
void refuse_what_is_missing(FieldReader& fields) {
  for (const char* name : {"previous_response_id", "conversation"})
    if (fields.has(name))
      fields.refuse(name, fmt::format("'{}' is not supported: this server keeps no responses, send the whole "
                                      "conversation as 'input'",
                                      name));
  if (fields.has("prompt"))
    fields.refuse("prompt", "'prompt' is not supported: this server stores no prompts");
  if (const json::value* background = fields.find("background");
      background != nullptr && !is_false(*background))
    fields.refuse("background", "'background' is not supported by this server");
  std::string truncation = "disabled";
  fields.read("truncation", truncation);
  if (truncation != "disabled")
    fields.refuse("truncation", "'truncation' must be 'disabled': this server never drops input");
  int top_logprobs = 0;
  fields.read("top_logprobs", top_logprobs, {.min = 0});
  std::vector<std::string> include;
  fields.read_strings("include", include, 64);
  if (top_logprobs > 0)
    fields.refuse("top_logprobs", "'top_logprobs' is not supported in responses by this server");
  if (std::ranges::find(include, "message.output_text.logprobs") != include.end())
    fields.refuse("include", "'include' cannot have 'message.output_text.logprobs' on this server");
}

/// A nested object of settings; nullptr where it is absent or refused.
const json::object* read_object(FieldReader& fields, std::string_view name) {
  const json::value* value = fields.find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) fields.refuse_type(name, "an object", *value);
  return value->if_object();
}

void read_text_format(FieldReader& fields) {
  const json::object* text = read_object(fields, "text");
  const json::value* format = text != nullptr ? find_field(*text, "format") : nullptr;
  if (format == nullptr) return;
  const json::value* type = format->is_object() ? find_field(format->get_object(), "type") : nullptr;
  if (type == nullptr || *type != "text")
    fields.refuse("text.format",
                  "'text.format' must be {\"type\": \"text\"}: other formats are not supported yet");
}

void read_reasoning(FieldReader& fields, ChatTemplateInput& conversation) {
  const json::object* reasoning = read_object(fields, "reasoning");
  if (reasoning == nullptr) return;
  FieldReader inner(*reasoning, "reasoning");
  std::optional<std::string> effort;
  inner.read("effort", effort);
  if (fields.take_error(inner) && effort) set_reasoning_effort(conversation, *effort);
}

/// Functions; tools that OpenAI itself would run, such as web_search, are skipped.
void read_tool(FieldReader& tool, json::array& out) {
  std::string type;
  tool.read("type", type);
  if (type.empty()) tool.refuse("type", fmt::format("'{}' is required", tool.path("type")));
  if (type == "function") out.push_back(read_function(tool, "parameters"));
}

void read_tool_choice(FieldReader& fields, ToolChoice& out) {
  const json::value* value = fields.find("tool_choice");
  if (value == nullptr || read_tool_word(*value, out)) return;
  const json::object* object = value->if_object();
  const json::value* type = object != nullptr ? find_field(*object, "type") : nullptr;
  const json::value* name = object != nullptr ? find_field(*object, "name") : nullptr;
  if (type == nullptr || *type != "function" || name == nullptr || !name->is_string())
    return fields.refuse(
        "tool_choice",
        "'tool_choice' must be 'none', 'auto', 'required' or {\"type\": \"function\", \"name\": ...}");
  out = {ToolChoice::Mode::kNamed, std::string(name->get_string())};
}

void read_messages(FieldReader& fields, ChatRequest& chat) {
  std::optional<std::string> instructions;
  fields.read("instructions", instructions);
  json::array& messages = chat.conversation.messages;
  if (instructions) messages.push_back(chat_message("system", *instructions));
  read_input(fields, messages);
}

/// The tools in the shape of this API.
json::array shown_tools(const json::array& tools) {
  json::array shown;
  for (const json::value& tool : tools) {
    const json::object& function = tool.at("function").as_object();
    const json::value* parameters = find_field(function, "parameters");
    const json::value* description = find_field(function, "description");
    shown.push_back(
        json::object{{"type", "function"},
                     {"name", function.at("name")},
                     {"description", description != nullptr ? *description : json::value(nullptr)},
                     {"parameters", parameters != nullptr ? *parameters : json::value(nullptr)},
                     {"strict", false}});
  }
  return shown;
}

json::object shown_fields(const FieldReader& fields, const ChatRequest& chat) {
  const auto given = [&](std::string_view name, json::value otherwise) {
    const json::value* value = fields.find(name);
    return value != nullptr ? *value : std::move(otherwise);
  };
  const json::value effort = chat.conversation.extra.contains("reasoning_effort")
                                 ? chat.conversation.extra.at("reasoning_effort")
                                 : json::value(nullptr);
  const SamplingParams& sampling = chat.generation.engine.sampling;
  return {{"background", false},
          {"instructions", given("instructions", nullptr)},
          {"max_output_tokens", given("max_output_tokens", nullptr)},
          {"metadata", given("metadata", json::object{})},
          {"parallel_tool_calls", chat.parallel_tool_calls},
          {"previous_response_id", nullptr},
          {"reasoning", json::object{{"effort", effort}, {"summary", nullptr}}},
          {"service_tier", service_tier(chat.generation.terms)},
          {"store", false},
          {"temperature", sampling.temperature},
          {"text", json::object{{"format", json::object{{"type", "text"}}}}},
          {"tool_choice", given("tool_choice", "auto")},
          {"tools", shown_tools(chat.conversation.tools)},
          {"top_logprobs", 0},
          {"top_p", sampling.top_p},
          {"truncation", "disabled"},
          {"user", given("user", nullptr)}};
}

}  // namespace

Result<ResponsesRequest> parse_responses_request(const json::object& body, const ParseContext& context) {
  ResponsesRequest request;
  ChatRequest& chat = request.chat;
  FieldReader fields(body);
  refuse_what_is_missing(fields);
  read_common_fields(fields, context, chat.generation);
  chat.generation.max_tokens_field = "max_output_tokens";
  fields.read("max_output_tokens", chat.generation.max_tokens, IntRange{.min = 1});
  read_object(fields, "metadata");
  std::optional<std::string> user;
  fields.read("user", user);
  read_text_format(fields);
  read_template_arguments(fields, chat.conversation);
  read_reasoning(fields, chat.conversation);
  read_tools(fields, "tools", read_tool, chat.conversation.tools);
  read_tool_choice(fields, chat.tool_choice);
  check_tool_choice(fields, chat.tool_choice, chat.conversation.tools);
  fields.read("parallel_tool_calls", chat.parallel_tool_calls);
  read_messages(fields, chat);
  LOCI_TRY_VOID(fields.status());
  LOCI_TRY_VOID(check_generation(context, chat.generation));
  request.shown = shown_fields(fields, chat);
  return request;
}

}  // namespace loci
