#include "server/api_error.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"

namespace loci {
namespace {

std::string_view type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    case 503:
      return "service_unavailable_error";
    case 504:
      return "timeout_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

std::string_view anthropic_type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
    case 503:
    case 529:
      return "overloaded_error";
    case 504:
      return "timeout_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kResourceExhausted:
      return 429;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kUnsupported:
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
      return 500;
  }
  return 500;
}

json::value string_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

ApiError::ApiError(int http_status, std::string error_message)
    : status(http_status), message(std::move(error_message)), type(type_of(http_status)) {
  if (status == 429 || status == 503) retry_after_s = 1;
}

ApiError::ApiError(Error error) : ApiError(status_of(error.code), std::move(error.message)) {
  param = std::move(error.field);
  if (error.retry_after > 0)
    retry_after_s = static_cast<int>(std::ceil(std::min(error.retry_after, 86400.0)));
}

ApiError ApiError::with_param(std::string_view name) && {
  param = name;
  return std::move(*this);
}

ApiError ApiError::with_code(std::string_view name) && {
  code = name;
  return std::move(*this);
}

ApiError model_not_found(std::string_view asked, std::string_view served) {
  return ApiError(404,
                  fmt::format("The model '{}' does not exist. The model served here is '{}'.", asked, served))
      .with_param("model")
      .with_code("model_not_found");
}

ApiError context_length_exceeded(int context, int prompt, int requested, std::string_view param) {
  std::string message =
      requested > 0 ? fmt::format(
                          "This model's maximum context length is {} tokens. However, you requested {} "
                          "tokens ({} in the "
                          "prompt, {} in the completion). Please reduce the length of the prompt or '{}'.",
                          context, std::int64_t{prompt} + requested, prompt, requested, param)
                    : fmt::format(
                          "This model's maximum context length is {} tokens. However, your prompt has {} "
                          "tokens. Please "
                          "reduce the length of the prompt.",
                          context, prompt);
  return ApiError(400, std::move(message)).with_param(param).with_code("context_length_exceeded");
}

ApiError timed_out(double after_seconds) {
  return ApiError(504, fmt::format("the request was not complete after the {:g} s of its 'timeout'",
                                   after_seconds))
      .with_param("timeout")
      .with_code("timeout");
}

ApiError unknown_route(std::string_view method, std::string_view path) {
  return ApiError(404, fmt::format("Invalid URL ({} {})", method, path));
}

std::string error_json(const ApiError& error, ErrorShape shape) {
  if (shape == ErrorShape::kAnthropic) {
    const json::object object{
        {"type", "error"},
        {"error", {{"type", anthropic_type_of(error.status)}, {"message", error.message}}}};
    return json::serialize(object);
  }
  const json::object object{{"error",
                             {{"message", error.message},
                              {"type", error.type},
                              {"param", string_or_null(error.param)},
                              {"code", string_or_null(error.code)}}}};
  return json::serialize(object);
}

HttpResponse error_response(const ApiError& error, ErrorShape shape) {
  HttpResponse response = json_response(error_json(error, shape));
  response.status = error.status;
  // Anthropic tells a server without room (529) from a client above its rate (429); only the first is here.
  if (shape == ErrorShape::kAnthropic && error.status == 429) response.status = 529;
  if (error.retry_after_s > 0)
    response.headers.push_back({"Retry-After", std::to_string(error.retry_after_s)});
  if (error.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

HttpResponse json_response(std::string body) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/json"}},
          .body = std::move(body),
          .close = false};
}

}  // namespace loci
