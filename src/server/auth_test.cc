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

TEST(Auth, NothingElseOpens) {
  for (const char* header : {"", "k1", "Bearer", "Bearer ", "Bearer k", "Bearer k11", "Bearer k1k1",
                             "Bearer K1", "Basic k1", "Bearer k1 ", "Bearer k3"})
    EXPECT_FALSE(passes({"k1", "k2"}, header)) << header;
  EXPECT_FALSE(passes({"k1"}, nullptr));
  EXPECT_FALSE(passes({""}, "Bearer ")) << "an empty key opens nothing";
}

}  // namespace
}  // namespace loci
