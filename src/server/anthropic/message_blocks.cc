#include "server/anthropic/message_blocks.h"

#include <map>

#include "server/chat/conversation.h"
#include "server/chat/tools.h"

namespace loci {
namespace {

constexpr TextPart kText[] = {{"text", "text"}};

/// Text behind text, a line each.
void add_line(std::string& text, std::string_view more) {
  if (!text.empty()) text += '\n';
  text += more;
}

std::string read_string(FieldReader& block, std::string_view name) {
  std::string value;
  if (!block.has(name)) block.refuse(name, fmt::format("'{}' is required", block.path(name)));
  block.read(name, value);
  return value;
}

class MessageReader {
 public:
  explicit MessageReader(json::array& messages) : messages_(messages) {}

  void read(FieldReader& message) {
    std::string role;
    message.read("role", role);
    if (role != "user" && role != "assistant")
      return message.refuse("role", fmt::format("'{}' must be 'user' or 'assistant'", message.path("role")));
    const json::value* content = message.find("content");
    if (content == nullptr)
      return message.refuse("content", fmt::format("'{}' is required", message.path("content")));
    if (const json::string* text = content->if_string()) return add_text(role, *text);
    const json::array* blocks = content->if_array();
    if (blocks == nullptr) return message.refuse_type("content", "a string or a list of blocks", *content);
    if (role == "assistant") messages_.push_back(chat_message("assistant", std::nullopt));
    for (std::size_t i = 0; i < blocks->size(); ++i) {
      const std::string where = fmt::format("content[{}]", i);
      const json::object* object = (*blocks)[i].if_object();
      if (object == nullptr) return message.refuse_type(where, "an object", (*blocks)[i]);
      FieldReader block(*object, message.path(where));
      role == "user" ? read_user_block(block) : read_assistant_block(block, messages_.back().get_object());
      if (!message.take_error(block)) return;
    }
    finish_assistant(role);
  }

 private:
  void add_text(std::string_view role, std::string_view text) {
    json::object* last = messages_.empty() ? nullptr : &messages_.back().get_object();
    if (role == "user" && last != nullptr && last->at("role") == "user") {
      std::string joined(last->at("content").as_string());
      add_line(joined, text);
      (*last)["content"] = joined;
    } else {
      messages_.push_back(chat_message(role, text));
    }
  }

  void read_user_block(FieldReader& block) {
    std::string type = read_string(block, "type");
    if (type == "text") {
      const std::string text = read_string(block, "text");
      if (block.status()) add_text("user", text);
    } else if (type == "tool_result") {
      read_tool_result(block);
    } else {
      refuse_kind(block, type, "'text' or 'tool_result'");
    }
  }

  void read_tool_result(FieldReader& block) {
    const std::string id = read_string(block, "tool_use_id");
    bool is_error = false;
    block.read("is_error", is_error);  // the text says what went wrong
    std::string text;
    if (const json::value* content = block.find("content")) {
      auto joined = text_of(*content, block.path("content"), kText);
      if (!joined) return block.refuse_error(std::move(joined).error());
      text = std::move(*joined);
    }
    json::object message = chat_message("tool", text);
    message["tool_call_id"] = id;
    if (const auto name = names_.find(id); name != names_.end()) message["name"] = name->second;
    messages_.push_back(std::move(message));
  }

  void read_assistant_block(FieldReader& block, json::object& message) {
    std::string type = read_string(block, "type");
    if (type == "text") {
      std::string text =
          message.at("content").is_string() ? std::string(message.at("content").get_string()) : "";
      add_line(text, read_string(block, "text"));
      message["content"] = text;
    } else if (type == "thinking") {
      std::string text = message.contains("reasoning_content")
                             ? std::string(message.at("reasoning_content").as_string())
                             : "";
      add_line(text, read_string(block, "thinking"));
      message["reasoning_content"] = text;
    } else if (type == "tool_use") {
      read_tool_use(block, message);
    } else if (type != "redacted_thinking") {
      refuse_kind(block, type, "'text', 'thinking' or 'tool_use'");
    }
  }

  void read_tool_use(FieldReader& block, json::object& message) {
    const std::string id = read_string(block, "id"), name = read_string(block, "name");
    const json::value* input = block.find("input");
    if (input != nullptr && !input->is_object()) return block.refuse_type("input", "an object", *input);
    json::object arguments = input != nullptr ? input->get_object() : json::object{};
    if (!message.contains("tool_calls")) message["tool_calls"].emplace_array();
    message["tool_calls"].as_array().push_back(tool_call(id, name, std::move(arguments)));
    names_[id] = name;
  }

  static void refuse_kind(FieldReader& block, std::string_view type, std::string_view known) {
    block.refuse("type", fmt::format("'{}' must be {} for this model, got '{}'", block.path("type"), known,
                                     type.substr(0, 64)));
  }

  /// An assistant that neither spoke nor called has said nothing.
  void finish_assistant(std::string_view role) {
    if (role != "assistant") return;
    json::object& message = messages_.back().get_object();
    if (message.at("content").is_null() && !message.contains("tool_calls")) message["content"] = "";
    finish_message(message);
  }

  json::array& messages_;
  std::map<std::string, std::string> names_;  // of the tools used, by id
};

void read_system(FieldReader& fields, json::array& messages) {
  const json::value* system = fields.find("system");
  if (system == nullptr) return;
  auto text = text_of(*system, "system", kText);
  if (!text) return fields.refuse_error(std::move(text).error());
  if (!text->empty()) messages.push_back(chat_message("system", *text));
}

/// A last message of the assistant is the beginning of the answer.
void continue_assistant(ChatTemplateInput& out) {
  const json::object& last = out.messages.back().get_object();
  const bool says = last.at("content").is_string() && !last.at("content").get_string().empty();
  if (last.at("role") != "assistant" || last.contains("tool_calls") || !says) return;
  out.continue_final_message = true;
  out.add_generation_prompt = false;
}

}  // namespace

void read_message_blocks(FieldReader& fields, ChatTemplateInput& out) {
  read_system(fields, out.messages);
  const json::value* value = fields.find("messages");
  if (value == nullptr) return fields.refuse("messages", "'messages' is required");
  const json::array* messages = value->if_array();
  if (messages == nullptr) return fields.refuse_type("messages", "a list of messages", *value);
  if (messages->empty()) return fields.refuse("messages", "'messages' must not be empty");
  MessageReader reader(out.messages);
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const std::string where = fmt::format("messages[{}]", i);
    const json::object* object = (*messages)[i].if_object();
    if (object == nullptr) return fields.refuse_type(where, "an object", (*messages)[i]);
    FieldReader message(*object, where);
    reader.read(message);
    if (!fields.take_error(message)) return;
  }
  if (!out.messages.empty()) continue_assistant(out);
}

}  // namespace loci
