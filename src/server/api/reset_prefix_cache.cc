#include "server/api/engine_question.h"

namespace loci::api {

/// vLLM's: cached KV that nobody uses now is given up; what runs keeps its own.
ApiResult<> reset_prefix_cache(ApiCall& call) {
  return answer_by_engine(call, [](Engine& engine, Time now) {
    engine.memory().clear_cache(now);
    return json_response("{}");
  });
}

}  // namespace loci::api
