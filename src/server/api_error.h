// Refusals as OpenAI's and Anthropic's clients expect them: a status and an error object.
// The mapping from ErrorCode to status, type and code is here and nowhere else.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "server/http.h"

namespace loci {

struct ApiError {
  int status;
  std::string message;
  std::string type;       // "invalid_request_error", ...
  std::string param{};    // the field of the request at fault; empty: null
  std::string code{};     // "model_not_found", ...; empty: null
  int retry_after_s = 0;  // > 0: Retry-After

  ApiError(int http_status, std::string error_message);
  ApiError(Error error);  // not explicit: LOCI_TRY turns an Error into an ApiError

  ApiError with_param(std::string_view name) &&;
  ApiError with_code(std::string_view name) &&;
};

template <class T = void>
using ApiResult = std::expected<T, ApiError>;

ApiError model_not_found(std::string_view asked, std::string_view served);
/// `requested` > 0: that many tokens were asked for beyond the prompt, in the field `param`.
ApiError context_length_exceeded(int context, int prompt, int requested, std::string_view param);
/// The request was cancelled because its `timeout` has passed: 504.
ApiError timed_out(double after_seconds);
ApiError unknown_route(std::string_view method, std::string_view path);

/// Whose clients read it.
enum class ErrorShape {
  kOpenAi,    // {"error": {"message", "type", "param", "code"}}
  kAnthropic  // {"type": "error", "error": {"type", "message"}}
};
std::string error_json(const ApiError& error, ErrorShape shape = ErrorShape::kOpenAi);
HttpResponse error_response(const ApiError& error, ErrorShape shape = ErrorShape::kOpenAi);
HttpResponse json_response(std::string body);

}  // namespace loci
