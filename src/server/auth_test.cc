#include "server/auth.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

bool passes(const std::vector<std::string>& keys, const char* header) {
  HttpRequest request;
  if (header != nullptr) request.headers.push_back({"authorization", header});
  const auto result = ApiKeys(keys, {}).principal_of(request);
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
  EXPECT_TRUE(ApiKeys({"k1"}, {}).principal_of(request));
  EXPECT_FALSE(ApiKeys({"k2"}, {}).principal_of(request));
  request.headers.push_back({"Authorization", "Bearer k2"});
  EXPECT_TRUE(ApiKeys({"k2"}, {}).principal_of(request)) << "Authorization goes first";
  EXPECT_FALSE(ApiKeys({"k1"}, {}).principal_of(request));
}

TEST(Auth, NothingElseOpens) {
  for (const char* header : {"", "k1", "Bearer", "Bearer ", "Bearer k", "Bearer k11", "Bearer k1k1",
                             "Bearer K1", "Basic k1", "Bearer k1 ", "Bearer k3"})
    EXPECT_FALSE(passes({"k1", "k2"}, header)) << header;
  EXPECT_FALSE(passes({"k1"}, nullptr));
  EXPECT_FALSE(passes({""}, "Bearer ")) << "an empty key opens nothing";
}

HttpRequest with_key(const char* key) {
  HttpRequest request;
  request.headers.push_back({"x-api-key", key});
  return request;
}

TEST(Auth, APrincipalFollowsFromTheKeyAlone) {
  const ApiKeys keys({"k1", "k2"}, {{"shop", {"s1", "s2"}}, {"ops", {"o"}, true}});
  const auto of = [&](const char* key) { return *keys.principal_of(with_key(key)); };
  EXPECT_EQ(of("k1").tenant, "key-1");
  EXPECT_EQ(of("k2").tenant, "key-2");
  EXPECT_EQ(of("s1").tenant, "shop");
  EXPECT_NE(of("k1").cache.value, of("k2").cache.value);
  EXPECT_NE(of("k1").cache.value, of("s1").cache.value);
  EXPECT_EQ(of("s1").cache.value, of("s2").cache.value) << "a tenant shares with itself, whatever its key";
  EXPECT_TRUE(of("o").is_operator);
  EXPECT_FALSE(of("k1").is_operator || of("s1").is_operator);
  EXPECT_TRUE(ApiKeys({"k"}, {}).principal_of(with_key("k"))->is_operator) << "alone";
  EXPECT_TRUE(ApiKeys({}, {}).principal_of({})->is_operator) << "everyone";
}

TEST(Auth, ASaltNarrowsANamespace) {
  const CacheNamespace one{1}, two{2};
  EXPECT_EQ(salted(one, "").value, one.value);
  EXPECT_NE(salted(one, "a").value, one.value);
  EXPECT_NE(salted(one, "a").value, salted(one, "b").value);
  EXPECT_NE(salted(one, "a").value, salted(two, "a").value) << "a salt opens nobody else's";
  EXPECT_EQ(salted(one, "a").value, salted(one, "a").value);
}

}  // namespace
}  // namespace loci
