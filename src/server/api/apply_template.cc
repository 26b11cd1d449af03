#include "base/json.h"
#include "server/api/api.h"
#include "server/chat/chat_job.h"
#include "server/openai/parse_chat.h"

namespace loci::api {

/// llama-server's: what a chat completion would give to the model, as text.
ApiResult<> apply_template(ApiCall& call) {
  const ServedModel& served = *call.served;
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(const ChatRequest request, parse_chat_request(body, served.parse_context()));
  LOCI_TRY_VOID(check_model(served, request.generation.model));
  LOCI_TRY(std::string prompt, render_prompt(served, request));
  call.exchange->respond(json_response(json::serialize(json::object{{"prompt", std::move(prompt)}})));
  return {};
}

}  // namespace loci::api
