#include "server/api/api.h"
#include "server/openai/chat_request.h"
#include "server/openai/generation_run.h"

namespace loci::api {

ApiResult<> chat_completions(ApiCall& call) {
  const ServedModel& served = *call.served;
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(ChatRequest request, parse_chat_request(body, served.parse_context()));
  LOCI_TRY_VOID(check_model(served, request.generation.model));
  auto prompt = served.model.encode_chat(std::move(request.conversation),
                                         {.add_special_tokens = request.add_special_tokens});
  if (!prompt) return std::unexpected(ApiError(std::move(prompt).error()).with_param("messages"));
  GenerationJob job{.request = std::move(request.generation),
                    .prompts = {},
                    .echoes = {},
                    .default_max_tokens = served.model.defaults().max_new_tokens,
                    .shape = &kChatShape,
                    .prompt_field = "messages"};
  job.show_prompt_logprobs = job.request.engine.prompt_logprobs.has_value();
  job.prompts.push_back(std::move(*prompt));
  return start_generation(call.exchange, served, call.state.metrics, std::move(job));
}

}  // namespace loci::api
