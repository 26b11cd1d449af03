#include "server/api/api.h"
#include "server/chat/chat_job.h"
#include "server/responses/parse_responses.h"
#include "server/responses/responses_writer.h"

namespace loci::api {

ApiResult<> responses(ApiCall& call) {
  const ServedModel& served = *call.served;
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(ResponsesRequest request, parse_responses_request(body, served.parse_context()));
  LOCI_TRY_VOID(check_model(served, request.chat.generation.model));
  take_request_id(call, request.chat.generation.terms);
  LOCI_TRY(GenerationJob job, make_chat_job(served, std::move(request.chat), {.messages = "input"}));
  job.caller = call.caller;
  auto writer = responses_writer({call.exchange, served, std::move(request.shown), job.request.stream});
  return start_generation(call.exchange, served, call.state.metrics, std::move(job), std::move(writer));
}

}  // namespace loci::api
