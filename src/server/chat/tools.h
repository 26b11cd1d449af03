// Tools that a request offers, and which of them it wants called: what the APIs have in common.
#pragma once

#include <string>
#include <string_view>

#include "server/chat/chat_request.h"
#include "server/openai/field_reader.h"

namespace loci {

inline constexpr std::size_t kMaxTools = 1024;
inline constexpr std::size_t kMaxToolNameBytes = 256;
inline constexpr int kMaxSchemaDepth = 32;

/// One tool as its API names the parts; `schema_field` is "parameters" or "input_schema".
/// {"type": "function", "function": {"name", "description", "parameters"}}, or the refusal in `fields`.
json::object read_function(FieldReader& fields, std::string_view schema_field);

/// The list under `name`; `read_tool` adds what it reads of an element, or nothing for a tool to skip.
using ReadTool = void (*)(FieldReader& fields, json::array& out);
void read_tools(FieldReader& fields, std::string_view name, ReadTool read_tool, json::array& out);

/// OpenAI's words "none", "auto" and "required"; false for anything else.
bool read_tool_word(const json::value& value, ToolChoice& out);
/// Refuses a choice that the tools cannot meet.
void check_tool_choice(FieldReader& fields, const ToolChoice& choice, const json::array& tools);

/// The arguments of a call, which APIs send as JSON text (or as an object): an object; the refusal in
/// `fields`.
json::object read_arguments(FieldReader& fields, std::string_view name);

/// A call as templates want it: {"id", "type": "function", "function": {"name", "arguments": {...}}}.
json::object tool_call(std::string_view id, std::string_view name, json::object arguments);

}  // namespace loci
