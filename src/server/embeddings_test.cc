// /v1/embeddings over HTTP.
#include <bit>
#include <boost/beast/core/detail/base64.hpp>
#include <cmath>
#include <cstring>

#include "server/openai/embedding_request.h"
#include "server/testing/live_server.h"

namespace loci {
namespace {

using testing::LiveServer;

LiveServer& server() {
  static LiveServer live({}, {}, {.max_model_len = 128});
  return live;
}

json::value post(std::string_view body) {
  const HttpResponse response = server().post("/v1/embeddings", body);
  EXPECT_EQ(response.status, 200) << response.body;
  return parse_json(response.body).value();
}

std::vector<float> vector_of(const json::value& answer, std::size_t index) {
  std::vector<float> vector;
  for (const json::value& x : answer.at("data").as_array()[index].at("embedding").as_array())
    vector.push_back(x.to_number<float>());
  return vector;
}

double length(std::span<const float> vector) {
  double squares = 0;
  for (const float x : vector) squares += double{x} * double{x};
  return std::sqrt(squares);
}

TEST(EmbeddingsApi, AnswersAsOpenAiDoes) {
  const json::value answer = post(R"({"model": "loci-tiny", "input": ["once upon a time", "the king"]})");
  EXPECT_EQ(answer.at("object"), "list");
  EXPECT_EQ(answer.at("model"), "loci-tiny");
  EXPECT_GT(answer.at("usage").at("prompt_tokens").as_int64(), 2);
  EXPECT_EQ(answer.at("usage").at("prompt_tokens"), answer.at("usage").at("total_tokens"));
  ASSERT_EQ(answer.at("data").as_array().size(), 2u);
  EXPECT_EQ(answer.at("data").at(1).at("index").as_int64(), 1);
  EXPECT_EQ(answer.at("data").at(1).at("object"), "embedding");
  EXPECT_NEAR(length(vector_of(answer, 0)), 1, 1e-6);
}

TEST(EmbeddingsApi, AnInputsVectorIsTheSameAloneInABatchAsTokensAndInBase64) {
  const json::value alone = post(R"({"input": "once upon a time"})");
  const json::value batch = post(R"({"input": ["a", "once upon a time", "door"]})");
  EXPECT_EQ(vector_of(alone, 0), vector_of(batch, 1));

  json::array tokens;
  for (const TokenId id : server().model().encode_for_embedding("once upon a time")) tokens.push_back(id);
  EXPECT_EQ(vector_of(post(json::serialize(json::object{{"input", tokens}})), 0), vector_of(alone, 0));
  EXPECT_EQ(vector_of(post(json::serialize(json::object{{"input", {tokens, tokens}}})), 1),
            vector_of(alone, 0));

  const json::value encoded = post(R"({"input": "once upon a time", "encoding_format": "base64"})");
  const std::string text(encoded.at("data").at(0).at("embedding").as_string());
  namespace base64 = boost::beast::detail::base64;
  std::vector<std::byte> bytes(base64::decoded_size(text.size()));
  bytes.resize(base64::decode(bytes.data(), text.data(), text.size()).first);
  std::vector<float> vector(bytes.size() / sizeof(float));
  std::memcpy(vector.data(), bytes.data(), vector.size() * sizeof(float));
  EXPECT_EQ(vector, vector_of(alone, 0));
}

TEST(EmbeddingsApi, DimensionsKeepTheFirstAndNormalizeAgain) {
  const std::vector<float> whole = vector_of(post(R"({"input": "the king"})"), 0);
  const std::vector<float> part = vector_of(post(R"({"input": "the king", "dimensions": 16})"), 0);
  ASSERT_EQ(part.size(), 16u);
  EXPECT_NEAR(length(part), 1, 1e-6);
  const double scale = length(std::span(whole).first(16));
  for (std::size_t i = 0; i < part.size(); ++i) EXPECT_NEAR(double{part[i]} * scale, double{whole[i]}, 1e-6);
}

TEST(EmbeddingsApi, WrongFieldsAreRefusedByName) {
  std::string many = "[";
  for (int i = 0; i < 2049; ++i) many += i == 0 ? "\"a\"" : ",\"a\"";
  const struct {
    std::string body, param;
  } cases[] = {{"{}", "input"},
               {R"({"input": 5})", "input"},
               {R"({"input": []})", "input"},
               {R"({"input": [[]]})", "input"},
               {R"({"input": ["a", 5]})", "input"},
               {R"({"input": [1, -5]})", "input"},
               {R"({"input": [1, 99999999]})", "input"},
               {R"({"input": )" + many + "]}", "input"},
               {R"({"input": "a", "dimensions": 0})", "dimensions"},
               {R"({"input": "a", "dimensions": 100000})", "dimensions"},
               {R"({"input": "a", "encoding_format": "int8"})", "encoding_format"},
               {R"({"input": "a", "truncate_prompt_tokens": 0})", "truncate_prompt_tokens"},
               {R"({"input": "a", "model": "other"})", "model"}};
  for (const auto& c : cases) {
    const HttpResponse response = server().post("/v1/embeddings", c.body);
    EXPECT_EQ(response.status, c.param == "model" ? 404 : 400) << c.body.substr(0, 80);
    EXPECT_EQ(parse_json(response.body).value().at("error").at("param").as_string(), c.param)
        << response.body;
  }
  EXPECT_TRUE(server().becomes_idle());
}

TEST(EmbeddingsApi, TooLongIsRefusedUnlessTruncated) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += " door";
  const HttpResponse refused = server().post("/v1/embeddings", R"({"input": [")" + text + R"("]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("context of 128 tokens"), std::string::npos) << refused.body;
  const json::value cut = post(R"({"truncate_prompt_tokens": -1, "input": ")" + text + "\"}");
  EXPECT_EQ(cut.at("usage").at("prompt_tokens").as_int64(), 128);
}

}  // namespace
}  // namespace loci
