#include "server/api/api.h"
#include "server/chat/chat_job.h"
#include "server/openai/openai_writer.h"
#include "server/openai/parse_chat.h"

namespace loci::api {

ApiResult<> chat_completions(ApiCall& call) {
  const ServedModel& served = *call.served;
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(ChatRequest request, parse_chat_request(body, served.parse_context()));
  LOCI_TRY_VOID(check_model(served, request.generation.model));
  take_request_id(call, request.generation.terms);
  LOCI_TRY(GenerationJob job, make_chat_job(served, std::move(request)));
  job.caller = call.caller;
  auto writer = chat_writer(openai_answer(call.exchange, served, job.request, job.prompts.size()));
  return start_generation(call.exchange, served, call.state.metrics, std::move(job), std::move(writer));
}

}  // namespace loci::api
