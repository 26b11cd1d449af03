// libFuzzer: no body can crash a parser of requests, and every refusal is a 400 with a message. The first
// byte picks the endpoint, so that one corpus serves all.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "server/anthropic/parse_messages.h"
#include "server/api_error.h"
#include "server/openai/completion_request.h"
#include "server/openai/parse_chat.h"
#include "server/openai/tokenize_request.h"
#include "server/responses/parse_responses.h"

namespace {

using namespace loci;

template <class T>
void check(const Result<T>& result) {
  if (result) return;
  const ApiError error(result.error());
  LOCI_CHECK(error.status == 400 && !error.message.empty());
  for (const ErrorShape shape : {ErrorShape::kOpenAi, ErrorShape::kAnthropic})
    LOCI_CHECK(parse_json(error_json(error, shape)).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto body = parse_body(text);
  check(body);
  if (!body) return 0;
  const ParseContext context{.defaults = {}, .vocab_size = 512};
  switch (data[0] % 8) {
    case 0:
      check(parse_completion_request(*body, context));
      break;
    case 1:
      check(parse_chat_request(*body, context));
      break;
    case 2:
      check(parse_tokenize_request(*body));
      break;
    case 3:
      check(parse_detokenize_request(*body));
      break;
    case 4:
      check(parse_responses_request(*body, context));
      break;
    case 5:
      check(parse_messages_request(*body, context));
      break;
    default:
      check(parse_count_tokens_request(*body, context));
      break;
  }
  return 0;
}
