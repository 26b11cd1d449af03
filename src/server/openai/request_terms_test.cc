// What a request says about memory and scheduling: what is taken, and a table of what is refused.
#include "server/openai/request_terms.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace loci {
namespace {

using namespace std::chrono_literals;

Result<RequestTerms> terms(std::string_view body) {
  LOCI_TRY(const json::value value, parse_json(body));
  RequestTerms out;
  FieldReader fields(value.get_object());
  read_terms(fields, out);
  LOCI_TRY_VOID(fields.status());
  return out;
}

TEST(RequestTerms, SilenceIsTheDefault) {
  const auto silent = terms(R"({"priority": null, "cache_salt": null})");
  ASSERT_TRUE(silent.has_value());
  EXPECT_EQ(silent->priority, 0);
  EXPECT_EQ(silent->service, Service::kOnline);
  EXPECT_FALSE(silent->timeout || silent->first_token_within || silent->request_id ||
               silent->output_retention);
  EXPECT_TRUE(silent->retention.empty());
  EXPECT_TRUE(silent->cache_prompt);
}

TEST(RequestTerms, ReadsEveryField) {
  const auto all =
      terms(R"({"priority": -3, "service_tier": "flex", "first_token_within_ms": 250.5, "timeout": 1.5,
      "cache_prompt": false, "cache_salt": "s", "request_id": "r-1", "kv_cache_retention": {"token_range_retention_configs": [
      {"token_start": 0, "token_end": 32, "priority": 90, "duration_ms": 2000}, {"token_start": 32, "priority": 0}],
      "decode_retention_priority": 10, "decode_duration_ms": 5}})");
  ASSERT_TRUE(all.has_value()) << all.error().message;
  EXPECT_EQ(all->priority, -3);
  EXPECT_EQ(all->service, Service::kOffline);
  EXPECT_EQ(all->first_token_within, 250500us);
  EXPECT_EQ(all->timeout, 1500ms);
  EXPECT_FALSE(all->cache_prompt);
  EXPECT_EQ(all->cache_salt, "s");
  EXPECT_EQ(all->request_id, "r-1");
  ASSERT_EQ(all->retention.size(), 2u);
  EXPECT_EQ(all->retention[0].end, 32);
  EXPECT_EQ(all->retention[0].level.priority, 90);
  EXPECT_EQ(all->retention[0].level.duration, 2s);
  EXPECT_EQ(all->retention[1].begin, 32);
  EXPECT_GT(all->retention[1].end, 1 << 30) << "to the end";
  EXPECT_FALSE(all->retention[1].level.duration.has_value());
  EXPECT_EQ(all->output_retention->priority, 10);
  EXPECT_EQ(all->output_retention->duration, 5ms);
  for (const char* tier : {"auto", "default", "priority"})
    EXPECT_EQ(terms(std::string(R"({"service_tier": ")") + tier + "\"}")->service, Service::kOnline);
}

TEST(RequestTerms, WhatIsWrongIsRefusedByName) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"priority": "high"})", "priority"},
      {R"({"priority": 1.5})", "priority"},
      {R"({"priority": 3000000000})", "priority"},
      {R"({"service_tier": "gold"})", "service_tier"},
      {R"({"service_tier": 1})", "service_tier"},
      {R"({"first_token_within_ms": 0})", "first_token_within_ms"},
      {R"({"first_token_within_ms": "1"})", "first_token_within_ms"},
      {R"({"timeout": -1})", "timeout"},
      {R"({"timeout": 1e300})", "timeout"},
      {R"({"timeout": true})", "timeout"},
      {R"({"cache_prompt": "no"})", "cache_prompt"},
      {R"({"cache_prompt": 0})", "cache_prompt"},
      {R"({"cache_salt": ""})", "cache_salt"},
      {R"({"cache_salt": 1})", "cache_salt"},
      {R"({"request_id": ""})", "request_id"},
      {R"({"request_id": "a b"})", "request_id"},
      {R"({"request_id": "ä"})", "request_id"},
      {R"({"request_id": 5})", "request_id"},
      {R"({"kv_cache_retention": []})", "kv_cache_retention"},
      {R"({"kv_cache_retention": {"decode_retention_priority": 101}})",
       "kv_cache_retention.decode_retention_priority"},
      {R"({"kv_cache_retention": {"decode_duration_ms": 0}})", "kv_cache_retention.decode_duration_ms"},
      {R"({"kv_cache_retention": {"token_range_retention_configs": {}}})",
       "kv_cache_retention.token_range_retention_configs"},
      {R"({"kv_cache_retention": {"token_range_retention_configs": [5]}})",
       "kv_cache_retention.token_range_retention_configs[0]"},
      {R"({"kv_cache_retention": {"token_range_retention_configs": [{"priority": 1}]}})",
       "kv_cache_retention.token_range_retention_configs[0].token_start"},
      {R"({"kv_cache_retention": {"token_range_retention_configs": [{"token_start": 0}]}})",
       "kv_cache_retention.token_range_retention_configs[0].priority"},
      {R"({"kv_cache_retention": {"token_range_retention_configs": [{"token_start": -1, "priority": 1}]}})",
       "kv_cache_retention.token_range_retention_configs[0].token_start"},
      {R"({"kv_cache_retention": {"token_range_retention_configs": [{"token_start": 8, "token_end": 8, "priority": 1}]}})",
       "kv_cache_retention.token_range_retention_configs[0].token_end"}};
  for (const auto& [body, field] : kCases) {
    const auto refused = terms(body);
    ASSERT_FALSE(refused.has_value()) << body;
    EXPECT_EQ(refused.error().field, field) << body;
    EXPECT_NE(refused.error().message.find(field), std::string::npos) << refused.error().message;
  }
  std::string many = R"({"kv_cache_retention": {"token_range_retention_configs": [)";
  for (std::size_t i = 0; i <= kMaxRetentionRanges; ++i)
    many += R"({"token_start": 0, "priority": 1})" + std::string(i < kMaxRetentionRanges ? "," : "]}}");
  EXPECT_FALSE(terms(many).has_value());
  EXPECT_FALSE(terms(R"({"cache_salt": ")" + std::string(kMaxCacheSaltBytes + 1, 'x') + "\"}").has_value());
}

TEST(RequestTerms, TheCallerIsNeverWhoTheRequestSays) {
  const auto salted_terms = *terms(R"({"cache_salt": "s", "priority": 2})");
  const Principal one{.tenant = "one", .cache = {1}}, two{.tenant = "two", .cache = {2}};
  Request a, b, plain;
  apply_terms(salted_terms, one, "id", a);
  apply_terms(salted_terms, two, "id", b);
  apply_terms({}, one, "id", plain);
  EXPECT_EQ(a.tenant, "one");
  EXPECT_EQ(a.name, "id");
  EXPECT_EQ(a.priority, 2);
  EXPECT_NE(a.cache_namespace.value, b.cache_namespace.value);
  EXPECT_EQ(plain.cache_namespace.value, 1u);
}

}  // namespace
}  // namespace loci
