#include "text/chat_template.h"

#include <utility>

#include "base/check.h"
#include "text/jinja/template.h"

namespace loci {
namespace {

constexpr std::string_view kNeedle = "Loci-probe-7f3a";
constexpr std::uint64_t kProbeSteps = 200'000;

constexpr std::string_view kChatMl =
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' ~ message.role ~ '\\n' ~ (message.content or '') ~ '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' -}}{% endif -%}";

json::value text_part(std::string_view text) {
  return json::object{{"type", "text"}, {"text", text}};
}

json::object message(std::string_view role, json::value content) {
  return {{"role", role}, {"content", std::move(content)}};
}

/// A conversation in which the message of `role` has that content.
json::array probe_messages(std::string_view role, const json::value& content) {
  json::array all;
  if (role == "assistant" || role == "tool") all.push_back(message("user", "q"));
  if (role == "tool") {
    json::object call = message("assistant", "");
    const json::object function{{"name", "f"}, {"arguments", json::object{}}};
    call["tool_calls"] =
        json::array{json::object{{"type", "function"}, {"id", "call00001"}, {"function", function}}};
    all.push_back(std::move(call));
  }
  json::object probed = message(role, content);
  if (role == "tool") {
    probed["name"] = "f";
    probed["tool_call_id"] = "call00001";
  }
  all.push_back(std::move(probed));
  if (role == "system" || role == "assistant") all.push_back(message("user", "q"));
  return all;
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

}  // namespace

struct ChatTemplate::Program {
  jinja::Template source;
  bool absent_tools_are_none = true;
  bool system_takes_parts = false, user_takes_parts = false, assistant_takes_parts = false,
       tool_takes_parts = false;

  bool takes_parts(std::string_view role) const {
    if (role == "user") return user_takes_parts;
    if (role == "assistant") return assistant_takes_parts;
    if (role == "tool") return tool_takes_parts;
    return system_takes_parts;
  }

  json::object context(const ChatTemplateInput& input) const {
    json::object all;
    all["bos_token"] = input.bos_token;
    all["eos_token"] = input.eos_token;
    for (const auto& field : input.extra) all[field.key()] = field.value();
    if (!input.tools.empty()) {
      all["tools"] = input.tools;
    } else if (absent_tools_are_none && !all.contains("tools")) {
      all["tools"] = nullptr;
    }
    all["messages"] = input.messages;
    all["add_generation_prompt"] = input.add_generation_prompt;
    return all;
  }

  /// nullopt where the template fails.
  std::optional<std::string> try_out(json::array messages) const {
    ChatTemplateInput input;
    input.messages = std::move(messages);
    input.bos_token = "<s>";
    input.eos_token = "</s>";
    jinja::RenderOptions options;
    options.limits.max_steps = kProbeSteps;
    options.now = std::chrono::sys_seconds{};
    auto out = source.render(context(input), options);
    if (!out) return std::nullopt;
    return std::move(*out);
  }

  /// Whether a list of parts comes out as its text, not as the list's own look ("[{'type': ...").
  bool handles_parts(std::string_view role) const {
    const auto from_parts = try_out(probe_messages(role, json::array{text_part(kNeedle)}));
    if (!from_parts || from_parts->find(kNeedle) == std::string::npos) return false;
    const auto from_text = try_out(probe_messages(role, json::value(kNeedle)));
    if (from_text == from_parts) return true;
    return from_parts->find(fmt::format("'{}'", kNeedle)) == std::string::npos &&
           from_parts->find(fmt::format("\"{}\"", kNeedle)) == std::string::npos;
  }

  void probe() {
    const json::array plain = probe_messages("user", json::value("q"));
    if (!try_out(plain)) {
      absent_tools_are_none = false;
      if (!try_out(plain)) absent_tools_are_none = true;
    }
    system_takes_parts = handles_parts("system");
    user_takes_parts = handles_parts("user");
    assistant_takes_parts = handles_parts("assistant");
    tool_takes_parts = handles_parts("tool");
  }

  /// Joins the parts of messages whose role does not take them.
  Result<void> flatten(json::array& messages) const {
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
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  LOCI_TRY(jinja::Template parsed, jinja::Template::parse(source));
  auto program = std::make_unique<Program>(Program{std::move(parsed)});
  program->probe();
  return ChatTemplate(std::move(program));
}

ChatTemplate ChatTemplate::chatml(bool with_bos) {
  auto made = parse(with_bos ? fmt::format("{{{{- bos_token -}}}}{}", kChatMl) : std::string(kChatMl));
  LOCI_CHECK(made.has_value());
  return std::move(*made);
}

Result<std::string> ChatTemplate::render(const ChatTemplateInput& input) const {
  json::object context = program_->context(input);
  LOCI_TRY_VOID(program_->flatten(context["messages"].as_array()));
  return program_->source.render(context, {.limits = {}, .now = input.now});
}

}  // namespace loci
