#include "base/json.h"
#include "server/anthropic/messages_writer.h"
#include "server/anthropic/parse_messages.h"
#include "server/api/api.h"
#include "server/chat/chat_job.h"

namespace loci::api {
namespace {

constexpr ChatFields kFields{.messages = "messages", .call_id_prefix = "toolu_"};

}  // namespace

ApiResult<> messages(ApiCall& call) {
  const ServedModel& served = *call.served;
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(ChatRequest request, parse_messages_request(body, served.parse_context()));
  LOCI_TRY_VOID(check_model(served, request.generation.model));
  take_request_id(call, request.generation.terms);
  LOCI_TRY(GenerationJob job, make_chat_job(served, std::move(request), kFields));
  job.caller = call.caller;
  auto writer = messages_writer({call.exchange, served, job.request.stream});
  return start_generation(call.exchange, served, call.state.metrics, std::move(job), std::move(writer));
}

ApiResult<> count_tokens(ApiCall& call) {
  const ServedModel& served = *call.served;
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(ChatRequest request, parse_count_tokens_request(body, served.parse_context()));
  LOCI_TRY_VOID(check_model(served, request.generation.model));
  LOCI_TRY(const GenerationJob job, make_chat_job(served, std::move(request), kFields));
  const json::object answer{{"input_tokens", job.prompts.front().size()}};
  call.exchange->respond(json_response(json::serialize(answer)));
  return {};
}

}  // namespace loci::api
