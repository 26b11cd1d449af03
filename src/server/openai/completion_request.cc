#include "server/openai/completion_request.h"

namespace loci {
namespace {

constexpr std::string_view kPromptTypes =
    "a string, a list of strings, a list of token ids or a list of such lists";

/// One entry of a list of prompts.
void append_prompt(FieldReader& fields, const json::value& entry, CompletionRequest& out) {
  if (const auto* text = entry.if_string()) {
    out.prompts.emplace_back(std::string(*text));
  } else if (const auto* list = entry.if_array()) {
    auto tokens = parse_tokens(*list, "prompt");
    if (!tokens) return fields.refuse("prompt", tokens.error().message);
    out.prompts.emplace_back(std::move(*tokens));
  } else {
    fields.refuse_type("prompt", kPromptTypes, entry);
  }
}

void read_prompts(FieldReader& fields, CompletionRequest& out) {
  const json::value* prompt = fields.find("prompt");
  if (prompt == nullptr) return fields.refuse("prompt", "'prompt' is required");
  const json::array* list = prompt->if_array();
  const bool one = prompt->is_string() || (list != nullptr && !list->empty() && list->front().is_number());
  if (one) {
    append_prompt(fields, *prompt, out);
  } else if (list == nullptr) {
    fields.refuse_type("prompt", kPromptTypes, *prompt);
  } else if (list->size() > kMaxPrompts) {
    fields.refuse("prompt",
                  fmt::format("'prompt' has {} entries, at most {} are allowed", list->size(), kMaxPrompts));
  } else {
    for (const json::value& entry : *list) append_prompt(fields, entry, out);
  }
  const auto empty = [](const CompletionPrompt& p) {
    return std::visit([](const auto& x) { return x.empty(); }, p);
  };
  if (out.prompts.empty() || std::ranges::any_of(out.prompts, empty))
    fields.refuse("prompt", "'prompt' must not be empty");
}

void read_logprobs(FieldReader& fields, CompletionRequest& out) {
  Request& engine = out.generation.engine;
  fields.read("logprobs", engine.logprobs, IntRange{0, kMaxLogprobs});
  if (out.echo && engine.logprobs && !engine.prompt_logprobs) engine.prompt_logprobs = engine.logprobs;
}

void check_best_of(FieldReader& fields, const Request& engine) {
  int best_of = engine.choices;
  fields.read("best_of", best_of, {1, kMaxChoices});
  if (best_of != engine.choices)
    fields.refuse(
        "best_of",
        fmt::format("'best_of' is not supported by this server unless it equals 'n' ({})", engine.choices));
}

/// Nothing to generate is a request only if something about the prompt is asked for.
void check_max_tokens(FieldReader& fields, CompletionRequest& out) {
  Request& engine = out.generation.engine;
  if (out.generation.max_tokens.value_or(1) > 0) return;
  if (!out.echo && !engine.prompt_logprobs)
    fields.refuse("max_tokens", "'max_tokens' must be at least 1, got 0");
  if (!engine.prompt_logprobs) engine.prompt_logprobs = 0;
}

}  // namespace

Result<CompletionRequest> parse_completion_request(const json::object& body, const ParseContext& context) {
  CompletionRequest request;
  FieldReader fields(body);
  read_generation_fields(fields, context, request.generation);
  fields.read("echo", request.echo);
  fields.read("add_special_tokens", request.add_special_tokens);
  read_logprobs(fields, request);
  check_best_of(fields, request.generation.engine);
  check_max_tokens(fields, request);
  read_prompts(fields, request);
  LOCI_TRY_VOID(fields.status());
  LOCI_TRY_VOID(check_generation(context, request.generation));
  return request;
}

}  // namespace loci
