// Endpoints that ask the engine something between two of its steps.
#pragma once

#include <functional>

#include "server/api/api.h"

namespace loci::api {

/// `question` is asked on the engine's thread and makes the answer, which is then sent. 503 where the engine
/// takes no questions. Not answered while a step runs: such an endpoint says nothing of an engine that hangs
/// (/health/ready does).
ApiResult<> answer_by_engine(const ApiCall& call, std::function<HttpResponse(Engine&, Time)> question);

}  // namespace loci::api
