#include "server/api/api.h"

namespace loci::api {

ApiResult<> live(ApiCall& call) {
  call.exchange->respond(json_response(R"({"status":"ok"})"));
  return {};
}

ApiResult<> ready(ApiCall& call) {
  const ServedModel* served = call.state.served.load(std::memory_order_acquire);
  if (call.state.shutting_down) return std::unexpected(ApiError(503, "the server is shutting down"));
  if (served == nullptr) return std::unexpected(ApiError(503, "the model is still loading"));
  if (!served->engine.making_progress())
    return std::unexpected(ApiError(503, "the engine makes no progress"));
  return live(call);
}

}  // namespace loci::api
