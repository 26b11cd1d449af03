// The answers of /v1/responses: one object with items, or the stream of events that builds it.
#pragma once

#include <memory>

#include "server/generation/answer_writer.h"
#include "server/http.h"
#include "server/served_model.h"

namespace loci {

struct ResponsesAnswer {
  std::shared_ptr<Exchange> exchange;
  const ServedModel& served;
  json::object shown;  // ResponsesRequest::shown
  bool stream = false;
};
std::unique_ptr<AnswerWriter> responses_writer(ResponsesAnswer answer);

}  // namespace loci
