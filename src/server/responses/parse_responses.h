// The body of /v1/responses (OpenAI's Responses, the part that needs no memory of earlier ones), parsed.
#pragma once

#include "server/chat/chat_request.h"

namespace loci {

struct ResponsesRequest {
  ChatRequest chat;
  /// What the answer repeats of the request: instructions, tools, temperature, ...
  json::object shown;
};

Result<ResponsesRequest> parse_responses_request(const json::object& body, const ParseContext& context);

}  // namespace loci
