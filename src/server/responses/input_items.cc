#include "server/responses/input_items.h"

#include <map>
#include <optional>

#include "server/chat/conversation.h"
#include "server/chat/tools.h"

namespace loci {
namespace {

constexpr TextPart kContentParts[] = {
    {"input_text", "text"}, {"output_text", "text"}, {"text", "text"}, {"refusal", "refusal"}};
constexpr TextPart kReasoningParts[] = {{"reasoning_text", "text"}, {"summary_text", "text"}};

class ItemReader {
 public:
  explicit ItemReader(json::array& messages) : messages_(messages) {}

  void read(FieldReader& item) {
    std::string type = "message";
    item.read("type", type);
    if (type == "message") return read_message(item);
    if (type == "function_call") return read_call(item);
    if (type == "function_call_output") return read_output(item);
    if (type == "reasoning") return read_reasoning(item);
    item.refuse("type", fmt::format("'{}' must be 'message', 'function_call', 'function_call_output' or "
                                    "'reasoning' on this server, got '{}'",
                                    item.path("type"), type.substr(0, 64)));
  }

 private:
  void read_message(FieldReader& item) {
    std::string role;
    item.read("role", role);
    if (role != "user" && role != "assistant" && role != "system" && role != "developer")
      return item.refuse("role", fmt::format("'{}' must be 'user', 'assistant', 'system' or 'developer'",
                                             item.path("role")));
    std::string text = read_text(item, "content", kContentParts);
    if (role != "assistant") {
      turn_.reset();
      messages_.push_back(chat_message(role, text));
      return;
    }
    json::object& turn = assistant_turn();
    const bool has_said = !turn.at("content").is_null() || turn.contains("tool_calls");
    json::object& message = has_said ? new_turn() : turn;
    message["content"] = std::move(text);
  }

  void read_call(FieldReader& item) {
    const std::string id = required_string(item, "call_id"), name = required_string(item, "name");
    json::object arguments = read_arguments(item, "arguments");
    names_[id] = name;
    json::object& turn = assistant_turn();
    if (!turn.contains("tool_calls")) turn["tool_calls"].emplace_array();
    turn["tool_calls"].as_array().push_back(tool_call(id, name, std::move(arguments)));
  }

  void read_output(FieldReader& item) {
    const std::string id = required_string(item, "call_id");
    json::object message = chat_message("tool", read_text(item, "output", kContentParts));
    message["tool_call_id"] = id;
    if (const auto name = names_.find(id); name != names_.end()) message["name"] = name->second;
    turn_.reset();
    messages_.push_back(std::move(message));
  }

  /// The model's own words where they are there, else their summary; neither where they are encrypted.
  void read_reasoning(FieldReader& item) {
    std::string text;
    if (item.has("content")) text = read_text(item, "content", kReasoningParts);
    if (text.empty() && item.has("summary")) text = read_text(item, "summary", kReasoningParts);
    if (!text.empty()) new_turn()["reasoning_content"] = text;
  }

  static std::string required_string(FieldReader& item, std::string_view name) {
    std::string value;
    item.read(name, value);
    if (value.empty()) item.refuse(name, fmt::format("'{}' is required", item.path(name)));
    return value;
  }

  static std::string read_text(FieldReader& item, std::string_view name, std::span<const TextPart> kinds) {
    const json::value* value = item.find(name);
    if (value == nullptr) {
      item.refuse(name, fmt::format("'{}' is required", item.path(name)));
      return {};
    }
    auto text = text_of(*value, item.path(name), kinds);
    if (!text) {
      item.refuse_error(std::move(text).error());
      return {};
    }
    return std::move(*text);
  }

  json::object& new_turn() {
    turn_ = messages_.size();
    return messages_.emplace_back(chat_message("assistant", std::nullopt)).get_object();
  }
  json::object& assistant_turn() { return turn_ ? messages_[*turn_].get_object() : new_turn(); }

  json::array& messages_;
  std::optional<std::size_t> turn_;           // the assistant's, while it goes on
  std::map<std::string, std::string> names_;  // of the functions called, by call_id
};

void read_items(FieldReader& fields, const json::array& items, json::array& messages) {
  ItemReader reader(messages);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string where = fmt::format("input[{}]", i);
    const json::object* object = items[i].if_object();
    if (object == nullptr) return fields.refuse_type(where, "an object", items[i]);
    FieldReader item(*object, where);
    reader.read(item);
    if (!fields.take_error(item)) return;
  }
}

}  // namespace

void read_input(FieldReader& fields, json::array& messages) {
  const json::value* input = fields.find("input");
  if (input == nullptr) return fields.refuse("input", "'input' is required");
  const std::size_t before = messages.size();
  if (const json::string* text = input->if_string()) {
    messages.push_back(chat_message("user", *text));
  } else if (const json::array* items = input->if_array()) {
    read_items(fields, *items, messages);
  } else {
    return fields.refuse_type("input", "a string or a list of items", *input);
  }
  for (std::size_t i = before; i < messages.size(); ++i) finish_message(messages[i].get_object());
  merge_leading_systems(messages);
  if (messages.empty() || (messages.size() == 1 && is_system(messages.front())))
    messages.push_back(chat_message("user", ""));
}

}  // namespace loci
