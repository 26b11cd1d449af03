#include "text/chat_forms.h"

#include <utility>

namespace loci {
namespace {

constexpr std::string_view kNeedle = "Loci-probe-7f3a";
constexpr std::string_view kKey = "loci_key";

json::value text_part(std::string_view text) {
  return json::object{{"type", "text"}, {"text", text}};
}

json::object message(std::string_view role, json::value content) {
  return {{"role", role}, {"content", std::move(content)}};
}

json::object call_message(json::value content, json::value arguments) {
  json::object call = message("assistant", std::move(content));
  const json::object function{{"name", "f"}, {"arguments", std::move(arguments)}};
  call["tool_calls"] =
      json::array{json::object{{"type", "function"}, {"id", "call00001"}, {"function", function}}};
  return call;
}

json::object tool_message(json::value content) {
  json::object result = message("tool", std::move(content));
  result["name"] = "f";
  result["tool_call_id"] = "call00001";
  return result;
}

/// A conversation in which the message of `role` has that content.
json::array probe_messages(std::string_view role, const json::value& content) {
  json::array all;
  if (role == "assistant" || role == "tool") all.push_back(message("user", "q"));
  if (role == "tool") all.push_back(call_message("", json::object{}));
  all.push_back(role == "tool" ? tool_message(content) : message(role, content));
  if (role == "system" || role == "assistant") all.push_back(message("user", "q"));
  return all;
}

/// The variables of a conversation.
json::object variables(json::array messages) {
  return {{"bos_token", "<s>"},
          {"eos_token", "</s>"},
          {"messages", std::move(messages)},
          {"add_generation_prompt", true}};
}

json::object with_tools(json::object variables, json::value tools) {
  variables["tools"] = std::move(tools);
  return variables;
}

bool contains(const std::optional<std::string>& text, std::string_view part) {
  return text && text->find(part) != std::string::npos;
}

/// Whether a list of parts comes out as its text, not as the list's own look ("[{'type': ...").
bool handles_parts(const ChatForms::Trial& trial, std::string_view role) {
  const auto render = [&](const json::value& content) {
    return trial.render(with_tools(variables(probe_messages(role, content)), nullptr));
  };
  const auto from_parts = render(json::array{text_part(kNeedle)});
  if (!contains(from_parts, kNeedle)) return false;
  if (render(json::value(kNeedle)) == from_parts) return true;
  return !contains(from_parts, fmt::format("'{}'", kNeedle)) &&
         !contains(from_parts, fmt::format("\"{}\"", kNeedle));
}

json::array probe_tools() {
  const json::object parameters{{"type", "object"}, {"properties", {{kKey, {{"type", "string"}}}}}};
  return {json::object{{"type", "function"},
                       {"function", {{"name", "f"}, {"description", "d"}, {"parameters", parameters}}}}};
}

/// Renders a conversation with a call in it.
std::optional<std::string> render_call(const ChatForms::Trial& trial, json::value content,
                                       json::value arguments) {
  json::array messages{message("user", "q"), call_message(std::move(content), std::move(arguments)),
                       tool_message("r"), message("user", "q")};
  return trial.render(with_tools(variables(std::move(messages)), probe_tools()));
}

/// The arguments are there, as JSON: not as Python's own look of a dict, nor as the JSON of a text that is
/// JSON.
bool shows_arguments(const std::optional<std::string>& rendered) {
  return contains(rendered, kNeedle) && !contains(rendered, fmt::format("{{'{}'", kKey)) &&
         !contains(rendered, fmt::format("\\\"{}", kKey));
}

/// The texts of content parts, a line each.
Result<std::string> joined_texts(const json::array& parts, std::size_t message_index) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const json::object* part = parts[i].if_object();
    const json::value* text = part ? find_field(*part, "text") : &parts[i];
    if (!text || !text->is_string()) {
      return fail(ErrorCode::kInvalidArgument,
                  "messages[{}].content[{}]: the model's chat template takes text only", message_index, i);
    }
    if (i > 0) out += '\n';
    out += text->get_string();
  }
  return out;
}

/// An object under `key`, or nullptr.
json::object* object_field(json::object& parent, std::string_view key) {
  json::value* value = parent.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

void write_arguments_as_text(json::object& message) {
  json::value* calls = message.if_contains("tool_calls");
  if (calls == nullptr || !calls->is_array()) return;
  for (json::value& call : calls->get_array()) {
    json::object* object = call.if_object();
    json::object* function = object != nullptr ? object_field(*object, "function") : nullptr;
    json::value* arguments = function != nullptr ? function->if_contains("arguments") : nullptr;
    if (arguments != nullptr && arguments->is_object()) *arguments = json::serialize(*arguments);
  }
}

}  // namespace

ChatForms ChatForms::probe(const Trial& trial, std::string_view source) {
  ChatForms forms;
  const json::object plain = variables(probe_messages("user", "q"));
  forms.absent_tools_are_none_ = trial.render(with_tools(plain, nullptr)) || !trial.render(plain);
  forms.system_takes_parts_ = handles_parts(trial, "system");
  forms.user_takes_parts_ = handles_parts(trial, "user");
  forms.assistant_takes_parts_ = handles_parts(trial, "assistant");
  forms.tool_takes_parts_ = handles_parts(trial, "tool");
  forms.knows_developers_ = source.find("developer") != std::string_view::npos;

  forms.probe_calls(trial);
  return forms;
}

/// The first form in which a call's arguments come out; the API's own comes first.
void ChatForms::probe_calls(const Trial& trial) {
  const json::value object{{kKey, kNeedle}};
  for (const json::value& arguments : {object, json::value(json::serialize(object))}) {
    const auto behind_null = render_call(trial, nullptr, arguments);
    const auto behind_empty = render_call(trial, "", arguments);
    const bool writes_none = contains(behind_null, "None") && !contains(behind_empty, "None");
    takes_null_ = behind_null && !writes_none;
    takes_argument_objects_ = arguments.is_object();
    if (shows_arguments(behind_empty)) {
      takes_null_ = takes_null_ && shows_arguments(behind_null);
      return;
    }
    if (shows_arguments(behind_null)) {
      takes_null_ = true;
      return;
    }
  }
  takes_argument_objects_ = true;
}

bool ChatForms::takes_parts(std::string_view role) const {
  if (role == "user") return user_takes_parts_;
  if (role == "assistant") return assistant_takes_parts_;
  if (role == "tool") return tool_takes_parts_;
  return system_takes_parts_;
}

Result<> ChatForms::join_parts(json::array& messages) const {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    json::object* one = messages[i].if_object();
    if (!one) return fail(ErrorCode::kInvalidArgument, "messages[{}]: not an object", i);
    const json::value* content = find_field(*one, "content");
    const json::array* parts = content ? content->if_array() : nullptr;
    const json::value* role = find_field(*one, "role");
    if (!parts || takes_parts(role && role->is_string() ? std::string_view(role->get_string()) : ""))
      continue;
    LOCI_TRY(std::string text, joined_texts(*parts, i));
    (*one)["content"] = std::move(text);
  }
  return {};
}

void ChatForms::fit(json::array& messages) const {
  for (json::value& each : messages) {
    json::object* one = each.if_object();
    if (one == nullptr) continue;
    if (!takes_argument_objects_) write_arguments_as_text(*one);
    json::value* content = one->if_contains("content");
    if (!takes_null_ && content != nullptr && content->is_null()) *content = "";
    json::value* role = one->if_contains("role");
    if (!knows_developers_ && role != nullptr && role->is_string() && role->get_string() == "developer")
      *role = "system";
  }
}

}  // namespace loci
