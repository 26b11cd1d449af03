// The answers of /v1/messages: one message, or the stream of events that builds it.
#pragma once

#include <memory>

#include "server/generation/answer_writer.h"
#include "server/http.h"
#include "server/served_model.h"

namespace loci {

struct MessagesAnswer {
  std::shared_ptr<Exchange> exchange;
  const ServedModel& served;
  bool stream = false;
};
std::unique_ptr<AnswerWriter> messages_writer(MessagesAnswer answer);

}  // namespace loci
