// What a request may say, in every API, about memory and scheduling: the terms on which it is served.
//
//   priority, first_token_within_ms, service_tier, timeout      when it runs
//   cache_prompt, cache_salt, kv_cache_retention                what of it stays in memory, and for whom
//   request_id                                                  how it can be asked about
//
// Names are vLLM's (priority, cache_salt, request_id), OpenAI's and Anthropic's (service_tier),
// TensorRT-LLM's (kv_cache_retention) and llama.cpp's (cache_prompt).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/request.h"
#include "server/auth.h"
#include "server/openai/field_reader.h"

namespace loci {

inline constexpr std::size_t kMaxRetentionRanges = 64;
inline constexpr std::size_t kMaxCacheSaltBytes = 1024;
inline constexpr double kMaxTimeoutSeconds = 7 * 86400;

struct RequestTerms {
  int priority = 0;  // lower goes first
  Service service = Service::kOnline;
  bool asks_service_tier = false;  // whether the answer says which it got, as OpenAI's do
  std::optional<Duration> first_token_within{};
  std::optional<Duration> timeout{};  // after which the request is cancelled
  bool cache_prompt = true;           // false: it finds no KV in memory and leaves none behind
  std::string cache_salt{};
  std::vector<Retention> retention{};
  std::optional<RetentionLevel> output_retention{};
  std::optional<std::string> request_id{};
};

/// "flex" or "default": how a request on these terms is served.
std::string_view service_tier(const RequestTerms& terms);

void read_terms(FieldReader& fields, RequestTerms& out);

/// `request` is `caller`'s, known as `id`, on these terms.
void apply_terms(const RequestTerms& terms, const Principal& caller, std::string_view id, Request& request);

}  // namespace loci
