#include "server/api/engine_question.h"

namespace loci::api {

ApiResult<> answer_by_engine(const ApiCall& call, std::function<HttpResponse(Engine&, Time)> question) {
  auto ask = [exchange = call.exchange, question = std::move(question)](Engine& engine, Time now) {
    exchange->post(
        [exchange, response = question(engine, now)]() mutable { exchange->respond(std::move(response)); });
  };
  if (call.served->engine.ask(std::move(ask))) return {};
  return std::unexpected(ApiError(503, "the engine takes no questions: it has ended, or has too many"));
}

}  // namespace loci::api
