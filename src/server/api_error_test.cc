#include "server/api_error.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace loci {
namespace {

TEST(ApiErrors, EveryCodeHasAStatusAndAType) {
  struct Row {
    ErrorCode code;
    int status;
    const char* type;
    bool retry;
  };
  constexpr Row kRows[] = {{ErrorCode::kInvalidArgument, 400, "invalid_request_error", false},
                           {ErrorCode::kNotFound, 404, "not_found_error", false},
                           {ErrorCode::kResourceExhausted, 429, "rate_limit_error", true},
                           {ErrorCode::kUnavailable, 503, "service_unavailable_error", true},
                           {ErrorCode::kUnsupported, 500, "server_error", false},
                           {ErrorCode::kCorrupt, 500, "server_error", false},
                           {ErrorCode::kIo, 500, "server_error", false}};
  for (const Row& row : kRows) {
    const HttpResponse response = error_response(ApiError(Error{row.code, "why", "field"}));
    EXPECT_EQ(response.status, row.status);
    EXPECT_EQ(find_header(response.headers, "Retry-After") != nullptr, row.retry);
    const auto body = parse_json(response.body);
    ASSERT_TRUE(body.has_value());
    const json::object& error = body->at("error").as_object();
    EXPECT_EQ(error.at("message").as_string(), "why");
    EXPECT_EQ(error.at("type").as_string(), row.type);
    EXPECT_EQ(error.at("param").as_string(), "field");
    EXPECT_TRUE(error.at("code").is_null());
  }
}

TEST(ApiErrors, AnthropicsShape) {
  const ApiError error = ApiError(429, "why").with_param("field");
  EXPECT_EQ(parse_json(error_json(error, ErrorShape::kAnthropic)).value(),
            (json::object{{"type", "error"},
                          {"error", json::object{{"type", "overloaded_error"}, {"message", "why"}}}}));
  const HttpResponse response = error_response(error, ErrorShape::kAnthropic);
  EXPECT_EQ(response.status, 529);
  EXPECT_NE(find_header(response.headers, "Retry-After"), nullptr);
}

TEST(ApiErrors, TheNumbersAreNamed) {
  const ApiError prompt = context_length_exceeded(512, 600, 0, "prompt");
  EXPECT_NE(prompt.message.find("512"), std::string::npos);
  EXPECT_NE(prompt.message.find("600"), std::string::npos);
  EXPECT_EQ(prompt.code, "context_length_exceeded");
  const ApiError output = context_length_exceeded(512, 500, 2147483647, "max_tokens");
  EXPECT_NE(output.message.find("2147484147"), std::string::npos) << output.message;
  EXPECT_EQ(output.param, "max_tokens");
  EXPECT_NE(model_not_found("x", "served/name").message.find("served/name"), std::string::npos);
}

}  // namespace
}  // namespace loci
