#include "server/api/api.h"

namespace loci::api {

ApiResult<> metrics(ApiCall& call) {
  const ServedModel* served = call.state.served.load(std::memory_order_acquire);
  std::optional<EngineStats> stats;
  if (served != nullptr) stats = served->engine.stats();
  HttpResponse response;
  response.headers.push_back({"Content-Type", "text/plain; version=0.0.4; charset=utf-8"});
  response.body = call.state.metrics.render(stats ? &*stats : nullptr);
  call.exchange->respond(std::move(response));
  return {};
}

}  // namespace loci::api
