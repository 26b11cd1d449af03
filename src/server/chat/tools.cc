#include "server/chat/tools.h"

#include <algorithm>

namespace loci {
namespace {

/// The nesting of objects and arrays; stops counting beyond the limit.
int depth_of(const json::value& value, int limit) {
  int deepest = 0;
  const auto look = [&](const json::value& inner) {
    if (deepest < limit) deepest = std::max(deepest, depth_of(inner, limit - 1));
  };
  if (const json::object* object = value.if_object()) {
    for (const auto& field : *object) look(field.value());
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& entry : *array) look(entry);
  } else {
    return 0;
  }
  return deepest + 1;
}

std::string_view name_of(const json::value& tool) {
  return tool.at("function").at("name").as_string();
}

}  // namespace

json::object read_function(FieldReader& fields, std::string_view schema_field) {
  std::string name;
  fields.read("name", name);
  if (name.empty()) fields.refuse("name", fmt::format("'{}' is required", fields.path("name")));
  if (name.size() > kMaxToolNameBytes)
    fields.refuse("name", fmt::format("'{}' has {} bytes, at most {} are allowed", fields.path("name"),
                                      name.size(), kMaxToolNameBytes));
  json::object function{{"name", name}};
  std::optional<std::string> description;
  fields.read("description", description);
  if (description) function["description"] = *description;
  if (const json::value* schema = fields.find(schema_field)) {
    if (!schema->is_object()) {
      fields.refuse_type(schema_field, "an object", *schema);
    } else if (depth_of(*schema, kMaxSchemaDepth + 1) > kMaxSchemaDepth) {
      fields.refuse(schema_field, fmt::format("'{}' is nested deeper than {} levels",
                                              fields.path(schema_field), kMaxSchemaDepth));
    } else {
      function["parameters"] = *schema;
    }
  }
  return {{"type", "function"}, {"function", std::move(function)}};
}

void read_tools(FieldReader& fields, std::string_view name, ReadTool read_tool, json::array& out) {
  const json::value* value = fields.find(name);
  if (value == nullptr) return;
  const json::array* list = value->if_array();
  if (list == nullptr) return fields.refuse_type(name, "a list of tools", *value);
  if (list->size() > kMaxTools)
    return fields.refuse(
        name, fmt::format("'{}' has {} entries, at most {} are allowed", name, list->size(), kMaxTools));
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string where = fmt::format("{}[{}]", name, i);
    const json::object* object = (*list)[i].if_object();
    if (object == nullptr) return fields.refuse_type(where, "an object", (*list)[i]);
    FieldReader tool(*object, where);
    read_tool(tool, out);
    if (!fields.take_error(tool)) return;
  }
}

bool read_tool_word(const json::value& value, ToolChoice& out) {
  using Mode = ToolChoice::Mode;
  constexpr std::pair<std::string_view, Mode> kWords[] = {
      {"none", Mode::kNone}, {"auto", Mode::kAuto}, {"required", Mode::kRequired}};
  for (const auto& [word, mode] : kWords) {
    if (!value.is_string() || std::string_view(value.get_string()) != word) continue;
    out.mode = mode;
    return true;
  }
  return false;
}

void check_tool_choice(FieldReader& fields, const ToolChoice& choice, const json::array& tools) {
  using Mode = ToolChoice::Mode;
  if (choice.mode != Mode::kRequired && choice.mode != Mode::kNamed) return;
  if (tools.empty())
    return fields.refuse("tool_choice", "'tool_choice' asks for a call, but there are no 'tools'");
  const auto is_named = [&](const json::value& tool) { return name_of(tool) == choice.function; };
  if (choice.mode == Mode::kNamed && std::ranges::none_of(tools, is_named))
    fields.refuse("tool_choice",
                  fmt::format("'tool_choice' names the function '{}', which is not among the 'tools'",
                              choice.function.substr(0, 64)));
}

json::object read_arguments(FieldReader& fields, std::string_view name) {
  const json::value* value = fields.find(name);
  if (value == nullptr) return {};
  if (const json::object* object = value->if_object()) return *object;
  if (!value->is_string()) {
    fields.refuse_type(name, "the text of a JSON object", *value);
    return {};
  }
  const std::string_view text = value->get_string();
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  auto parsed = parse_json(text);
  if (parsed && parsed->is_object()) return std::move(parsed->get_object());
  fields.refuse(name, fmt::format("'{}' must be the text of a JSON object, {}", fields.path(name),
                                  parsed ? fmt::format("got {}", json_type_name(*parsed))
                                         : fmt::format("but is not JSON: {}", parsed.error().message)));
  return {};
}

json::object tool_call(std::string_view id, std::string_view name, json::object arguments) {
  json::object call;
  if (!id.empty()) call["id"] = id;
  call["type"] = "function";
  call["function"] = json::object{{"name", name}, {"arguments", std::move(arguments)}};
  return call;
}

}  // namespace loci
