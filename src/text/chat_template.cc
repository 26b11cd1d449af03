#include "text/chat_template.h"

#include <utility>

#include "base/check.h"
#include "text/chat_forms.h"
#include "text/jinja/template.h"

namespace loci {
namespace {

constexpr std::uint64_t kProbeSteps = 200'000;

constexpr std::string_view kChatMl =
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' ~ message.role ~ '\\n' ~ (message.content or '') ~ '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' -}}{% endif -%}";

/// Tries a template out, within fewer steps than a request may take.
struct TemplateTrial final : ChatForms::Trial {
  explicit TemplateTrial(const jinja::Template& tried) : source(tried) {}
  std::optional<std::string> render(const json::object& variables) const override {
    jinja::RenderOptions options;
    options.limits.max_steps = kProbeSteps;
    options.now = std::chrono::sys_seconds{};
    auto out = source.render(variables, options);
    if (!out) return std::nullopt;
    return std::move(*out);
  }
  const jinja::Template& source;
};

std::string_view without_space_around(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

/// The content of the last message as text: that of its last text part, where it has parts.
std::string_view final_content(const json::array& messages) {
  const json::object* last = messages.empty() ? nullptr : messages.back().if_object();
  const json::value* content = last != nullptr ? find_field(*last, "content") : nullptr;
  if (content != nullptr && content->is_array() && !content->get_array().empty()) {
    const json::object* part = content->get_array().back().if_object();
    content = part != nullptr ? find_field(*part, "text") : nullptr;
  }
  return content != nullptr && content->is_string() ? std::string_view(content->get_string())
                                                    : std::string_view();
}

/// Cuts a rendering behind the last message's content. Space at the content's end stays if the template kept
/// it.
Result<std::string> cut_behind(std::string rendered, std::string_view content) {
  const std::string_view core = without_space_around(content);
  const std::size_t at = core.empty() ? std::string::npos : rendered.rfind(core);
  if (at == std::string::npos)
    return fail(ErrorCode::kInvalidArgument,
                "'continue_final_message' needs a last message whose text the chat template writes as it is");
  const auto begin = static_cast<std::size_t>(core.data() - content.data());
  const std::string_view with_tail = content.substr(begin);
  const bool keeps_tail = rendered.compare(at, with_tail.size(), with_tail) == 0;
  rendered.resize(at + (keeps_tail ? with_tail.size() : core.size()));
  return rendered;
}

}  // namespace

struct ChatTemplate::Program {
  jinja::Template source;
  ChatForms forms{};

  json::object context(const ChatTemplateInput& input) const {
    json::object all;
    all["bos_token"] = input.bos_token;
    all["eos_token"] = input.eos_token;
    for (const auto& field : input.extra) all[field.key()] = field.value();
    if (!input.tools.empty()) {
      all["tools"] = input.tools;
    } else if (forms.absent_tools_are_none() && !all.contains("tools")) {
      all["tools"] = nullptr;
    }
    all["messages"] = input.messages;
    all["add_generation_prompt"] = input.add_generation_prompt;
    return all;
  }
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  LOCI_TRY(jinja::Template parsed, jinja::Template::parse(source));
  auto program = std::make_unique<Program>(Program{std::move(parsed)});
  program->forms = ChatForms::probe(TemplateTrial(program->source), source);
  return ChatTemplate(std::move(program));
}

ChatTemplate ChatTemplate::chatml(bool with_bos) {
  auto made = parse(with_bos ? fmt::format("{{{{- bos_token -}}}}{}", kChatMl) : std::string(kChatMl));
  LOCI_CHECK(made.has_value());
  return std::move(*made);
}

Result<std::string> ChatTemplate::render(const ChatTemplateInput& input) const {
  json::object context = program_->context(input);
  json::array& messages = context["messages"].as_array();
  LOCI_TRY_VOID(program_->forms.join_parts(messages));
  auto rendered = program_->source.render(context, {.limits = {}, .now = input.now});
  if (!rendered || !input.continue_final_message) return rendered;
  return cut_behind(std::move(*rendered), final_content(messages));
}

void ChatTemplate::fit(json::array& messages) const {
  program_->forms.fit(messages);
}

}  // namespace loci
