#include "server/batch/batch_line.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace loci {
namespace {

TEST(BatchLine, BecomesAnOfflineRequest) {
  const auto line = parse_batch_line(
      R"({"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"prompt": "x", "service_tier": "priority"}})");
  ASSERT_TRUE(line.has_value()) << line.error().message;
  EXPECT_EQ(line->custom_id, "a");
  EXPECT_EQ(line->request.method, "POST");
  EXPECT_EQ(line->request.path, "/v1/completions");
  const json::value body = *parse_json(line->request.body);
  EXPECT_EQ(body, (json::value{{"prompt", "x"}, {"service_tier", "flex"}}));
}

TEST(BatchLine, WhatIsWrongIsSaid) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"[]", "got array"},
      {"{}", "custom_id"},
      {R"({"custom_id": 5})", "custom_id"},
      {R"({"custom_id": "a"})", "'method' must be 'POST'"},
      {R"({"custom_id": "a", "method": "GET"})", "'GET'"},
      {R"({"custom_id": "a", "method": "POST", "url": "/v1/files"})", "'/v1/files'"},
      {R"({"custom_id": "a", "method": "POST", "url": "/v1/completions"})", "'body'"},
      {R"({"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": []})", "'body'"},
      {R"({"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"stream": true}})",
       "'body.stream'"}};
  for (const auto& [text, expected] : kCases) {
    const auto line = parse_batch_line(text);
    ASSERT_FALSE(line.has_value()) << text;
    EXPECT_NE(line.error().message.find(expected), std::string::npos) << line.error().message;
  }
}

TEST(BatchLine, AnAnswerTellsWhichLineItIsOf) {
  const std::string answer = answer_line("a", "req", {.status = 400, .body = R"({"error": {}})"});
  EXPECT_TRUE(answer.ends_with("\n"));
  EXPECT_EQ(answer.find('\n'), answer.size() - 1);
  EXPECT_EQ(parse_answered_line(answer)->custom_id, "a");
  const json::value value = *parse_json(answer);
  EXPECT_EQ(value.at("response").at("status_code"), 400);
  EXPECT_EQ(value.at("response").at("body"), (json::value{{"error", json::object()}}));

  const Error error{ErrorCode::kInvalidArgument, "why"};
  EXPECT_EQ(parse_answered_line(error_line("b", 3, error))->custom_id, "b");
  const auto nameless = parse_answered_line(error_line(std::nullopt, 3, error));
  EXPECT_FALSE(nameless->custom_id.has_value());
  EXPECT_EQ(nameless->number, 3);
}

TEST(BatchLine, OtherLinesAreNoAnswers) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {}})",
        R"({"custom_id": null, "response": null, "error": {"line": 0}})"})
    EXPECT_FALSE(parse_answered_line(text).has_value()) << text;
}

}  // namespace
}  // namespace loci
