#include "server/auth.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

bool passes(const std::vector<std::string>& keys, const char* header) {
  HttpRequest request;
  if (header != nullptr) request.headers.push_back({"authorization", header});
  const auto result = check_api_key(keys, request);
  if (!result) {
    EXPECT_EQ(result.error().status, 401);
    EXPECT_EQ(result.error().code, "invalid_api_key");
  }
  return result.has_value();
}

TEST(Auth, WithoutKeysAllMayPass) {
  EXPECT_TRUE(passes({}, nullptr));
}

TEST(Auth, AnyOfTheKeysOpens) {
  EXPECT_TRUE(passes({"k1", "k2"}, "Bearer k1"));
  EXPECT_TRUE(passes({"k1", "k2"}, "bearer  k2"));
}

TEST(Auth, AnthropicsHeaderOpensToo) {
  HttpRequest request;
  request.headers.push_back({"X-Api-Key", "k1"});
  EXPECT_TRUE(check_api_key({"k1"}, request));
  EXPECT_FALSE(check_api_key({"k2"}, request));
  request.headers.push_back({"Authorization", "Bearer k2"});
  EXPECT_TRUE(check_api_key({"k2"}, request)) << "Authorization goes first";
  EXPECT_FALSE(check_api_key({"k1"}, request));
}

TEST(Auth, NothingElseOpens) {
  for (const char* header : {"", "k1", "Bearer", "Bearer ", "Bearer k", "Bearer k11", "Bearer k1k1",
                             "Bearer K1", "Basic k1", "Bearer k1 ", "Bearer k3"})
    EXPECT_FALSE(passes({"k1", "k2"}, header)) << header;
  EXPECT_FALSE(passes({"k1"}, nullptr));
  EXPECT_FALSE(passes({""}, "Bearer ")) << "an empty key opens nothing";
}

}  // namespace
}  // namespace loci
