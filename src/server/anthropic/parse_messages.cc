#include "server/anthropic/parse_messages.h"

#include "server/anthropic/message_blocks.h"
#include "server/chat/conversation.h"
#include "server/chat/tools.h"

namespace loci {
namespace {

using Mode = ToolChoice::Mode;

/// The client's own tools; those that Anthropic itself would run or knows the schema of are skipped.
void read_tool(FieldReader& tool, json::array& out) {
  std::string type = "custom";
  tool.read("type", type);
  if (type == "custom") out.push_back(read_function(tool, "input_schema"));
}

void read_tool_choice(FieldReader& fields, ChatRequest& out) {
  const json::value* value = fields.find("tool_choice");
  if (value == nullptr) return;
  if (!value->is_object()) return fields.refuse_type("tool_choice", "an object", *value);
  FieldReader choice(value->get_object(), "tool_choice");
  std::string type;
  bool one_at_a_time = false;
  choice.read("type", type);
  choice.read("name", out.tool_choice.function);
  choice.read("disable_parallel_tool_use", one_at_a_time);
  out.parallel_tool_calls = !one_at_a_time;
  constexpr std::pair<std::string_view, Mode> kModes[] = {
      {"auto", Mode::kAuto}, {"any", Mode::kRequired}, {"tool", Mode::kNamed}, {"none", Mode::kNone}};
  const auto mode = std::ranges::find(kModes, type, &std::pair<std::string_view, Mode>::first);
  if (mode == std::end(kModes))
    choice.refuse("type", "'tool_choice.type' must be 'auto', 'any', 'tool' or 'none'");
  else
    out.tool_choice.mode = mode->second;
  if (out.tool_choice.mode != Mode::kNamed) {
    out.tool_choice.function.clear();
  } else if (out.tool_choice.function.empty()) {
    choice.refuse("name", "'tool_choice.name' is required");
  }
  fields.take_error(choice);
}

/// Templates with a switch for thinking learn what the client wants.
void read_thinking(FieldReader& fields, ChatTemplateInput& out) {
  const json::value* value = fields.find("thinking");
  if (value == nullptr) return;
  if (!value->is_object()) return fields.refuse_type("thinking", "an object", *value);
  FieldReader thinking(value->get_object(), "thinking");
  std::string type;
  int budget = 0;
  thinking.read("type", type);
  thinking.read("budget_tokens", budget, {.min = 0});
  if (type != "enabled" && type != "disabled" && type != "adaptive")
    thinking.refuse("type", "'thinking.type' must be 'enabled', 'disabled' or 'adaptive'");
  if (fields.take_error(thinking) && type != "adaptive")
    out.extra.emplace("enable_thinking", type == "enabled");
}

void read_output_config(FieldReader& fields, ChatTemplateInput& out) {
  if (fields.has("output_format"))
    fields.refuse("output_format", "'output_format' is not supported by this server");
  const json::value* value = fields.find("output_config");
  if (value == nullptr) return;
  if (!value->is_object()) return fields.refuse_type("output_config", "an object", *value);
  FieldReader config(value->get_object(), "output_config");
  std::optional<std::string> effort;
  config.read("effort", effort);
  if (config.has("format")) config.refuse("format", "'output_config.format' is not supported by this server");
  if (fields.take_error(config) && effort) set_reasoning_effort(out, *effort);
}

void read_chat(FieldReader& fields, const ParseContext& context, ChatRequest& out) {
  read_common_fields(fields, context, out.generation);
  if (fields.has("stop_sequences")) read_stop_strings(fields, "stop_sequences", out.generation.engine);
  read_template_arguments(fields, out.conversation);
  read_thinking(fields, out.conversation);
  read_output_config(fields, out.conversation);
  read_tools(fields, "tools", read_tool, out.conversation.tools);
  read_tool_choice(fields, out);
  check_tool_choice(fields, out.tool_choice, out.conversation.tools);
  read_message_blocks(fields, out.conversation);
}

}  // namespace

Result<ChatRequest> parse_messages_request(const json::object& body, const ParseContext& context) {
  ChatRequest request;
  FieldReader fields(body);
  read_chat(fields, context, request);
  if (!fields.has("max_tokens")) fields.refuse("max_tokens", "'max_tokens' is required");
  fields.read("max_tokens", request.generation.max_tokens, IntRange{.min = 1});
  request.generation.clamp_max_tokens = true;
  LOCI_TRY_VOID(fields.status());
  LOCI_TRY_VOID(check_generation(context, request.generation));
  return request;
}

Result<ChatRequest> parse_count_tokens_request(const json::object& body, const ParseContext& context) {
  ChatRequest request;
  FieldReader fields(body);
  read_chat(fields, context, request);
  LOCI_TRY_VOID(fields.status());
  return request;
}

}  // namespace loci
