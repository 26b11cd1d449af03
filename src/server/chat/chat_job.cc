#include "server/chat/chat_job.h"

#include <utility>

namespace loci {
namespace {

using Mode = ToolChoice::Mode;

std::vector<OfferedTool> offered_tools(const json::array& tools) {
  std::vector<OfferedTool> offered;
  for (const json::value& tool : tools) {
    const json::object& function = tool.at("function").as_object();
    OfferedTool& one = offered.emplace_back();
    one.name = std::string_view(function.at("name").as_string());
    if (const json::value* parameters = find_field(function, "parameters"))
      one.parameters = parameters->as_object();
  }
  return offered;
}

/// A rendered chat, and how its answer is to be read.
struct Prepared {
  std::string prompt;  // without syntax.begun
  AnswerSyntax syntax;
};

bool is_forced(const ToolChoice& choice) {
  return choice.mode == Mode::kRequired || choice.mode == Mode::kNamed;
}

ApiResult<> force_call(const ToolChoice& choice, AnswerSyntax& syntax) {
  if (syntax.dialect != nullptr) syntax.begun = syntax.dialect->forced_call(choice.function, syntax.options);
  if (!syntax.begun.empty()) return {};
  return std::unexpected(
      ApiError(400,
               "'tool_choice' cannot force a call: the model's chat template shows no form of tool calls")
          .with_param("tool_choice"));
}

ApiResult<Prepared> prepare(const ServedModel& served, const ChatRequest& request, const ChatFields& fields) {
  Prepared prepared;
  ChatTemplateInput conversation = request.conversation;
  if (request.tool_choice.mode == Mode::kNone) conversation.tools.clear();
  AnswerSyntax& syntax = prepared.syntax;
  syntax.dialect = served.model.dialect();
  syntax.options.tools = !conversation.tools.empty();
  syntax.options.offered = offered_tools(conversation.tools);
  syntax.parallel_calls = request.parallel_tool_calls;
  syntax.call_id_prefix = fields.call_id_prefix;
  auto prompt = served.model.render_chat(std::move(conversation));
  if (!prompt) return std::unexpected(ApiError(std::move(prompt).error()).with_param(fields.messages));
  prepared.prompt = std::move(*prompt);
  if (syntax.dialect != nullptr)
    syntax.options.reasoning_open = syntax.dialect->reasoning_open(prepared.prompt);
  if (is_forced(request.tool_choice)) LOCI_TRY_VOID(force_call(request.tool_choice, syntax));
  return prepared;
}

}  // namespace

ApiResult<std::string> render_prompt(const ServedModel& served, const ChatRequest& request,
                                     const ChatFields& fields) {
  LOCI_TRY(const Prepared prepared, prepare(served, request, fields));
  return prepared.prompt + prepared.syntax.begun;
}

ApiResult<GenerationJob> make_chat_job(const ServedModel& served, ChatRequest request,
                                       const ChatFields& fields) {
  LOCI_TRY(Prepared prepared, prepare(served, request, fields));
  GenerationJob job{.request = std::move(request.generation),
                    .prompts = {},
                    .default_max_tokens = served.model.defaults().max_new_tokens,
                    .prompt_field = fields.messages};
  job.prompts.push_back(served.model.tokenizer().encode(prepared.prompt + prepared.syntax.begun,
                                                        {.add_special_tokens = request.add_special_tokens}));
  job.syntax = std::move(prepared.syntax);
  return job;
}

}  // namespace loci
