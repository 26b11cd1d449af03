#include "server/openai/request_terms.h"

#include <algorithm>
#include <cmath>

#include "server/request_id.h"

namespace loci {
namespace {

constexpr int kMaxTokenIndex = std::numeric_limits<int>::max();

/// A number above 0 and at most `most`, in units of `unit` seconds.
void read_duration(FieldReader& fields, std::string_view name, double most, double unit,
                   std::optional<Duration>& out) {
  const json::value* value = fields.find(name);
  if (value == nullptr) return;
  if (!value->is_number()) return fields.refuse_type(name, "a number", *value);
  const double number = value->to_number<double>();
  if (!(number > 0 && number <= most))
    return fields.refuse(name, fmt::format("'{}' must be a number above 0 and at most {}, got {}",
                                           fields.path(name), most, json::serialize(*value)));
  out = std::max(Duration{1},
                 std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number * unit)));
}

/// OpenAI's tiers, and Anthropic's `standard_only`. Whoever buys flex processing waits for less.
void read_service_tier(FieldReader& fields, RequestTerms& out) {
  constexpr std::string_view kOnline[] = {"auto", "default", "priority", "scale", "standard_only"};
  std::optional<std::string> tier;
  fields.read("service_tier", tier);
  if (!tier) return;
  out.asks_service_tier = true;
  if (*tier == "flex") {
    out.service = Service::kOffline;
  } else if (std::ranges::find(kOnline, *tier) == std::end(kOnline)) {
    fields.refuse("service_tier",
                  fmt::format("'service_tier' must be 'auto', 'default', 'priority' or 'flex', got '{}'",
                              std::string_view(*tier).substr(0, 64)));
  }
}

void read_cache_salt(FieldReader& fields, std::string& out) {
  fields.read("cache_salt", out);
  if (fields.has("cache_salt") && out.empty()) fields.refuse("cache_salt", "'cache_salt' must not be empty");
  if (out.size() > kMaxCacheSaltBytes)
    fields.refuse("cache_salt", fmt::format("'cache_salt' has {} bytes, at most {} are allowed", out.size(),
                                            kMaxCacheSaltBytes));
}

void read_request_id(FieldReader& fields, std::optional<std::string>& out) {
  fields.read("request_id", out);
  if (out && !is_request_id(*out))
    fields.refuse("request_id", fmt::format("'request_id' must be 1..{} characters of printable ASCII "
                                            "without spaces",
                                            kMaxRequestIdBytes));
}

/// One entry of token_range_retention_configs; without a token_end it goes to the end of the prompt.
Retention read_range(FieldReader& range) {
  Retention out{.begin = 0, .end = kMaxTokenIndex, .level = {}};
  range.read("token_start", out.begin, {.min = 0});
  range.read("token_end", out.end, {.min = 1});
  range.read("priority", out.level.priority, {.min = 0, .max = 100});
  read_duration(range, "duration_ms", kMaxTimeoutSeconds * 1e3, 1e-3, out.level.duration);
  for (const char* name : {"token_start", "priority"})
    if (!range.has(name)) range.refuse(name, fmt::format("'{}' is required", range.path(name)));
  if (out.end <= out.begin)
    range.refuse("token_end", fmt::format("'{}' is {}, must be above 'token_start' ({})",
                                          range.path("token_end"), out.end, out.begin));
  return out;
}

void read_ranges(FieldReader& fields, std::vector<Retention>& out) {
  constexpr std::string_view kName = "token_range_retention_configs";
  const json::value* value = fields.find(kName);
  if (value == nullptr) return;
  const json::array* list = value->if_array();
  if (list == nullptr) return fields.refuse_type(kName, "a list", *value);
  if (list->size() > kMaxRetentionRanges)
    return fields.refuse(kName, fmt::format("'{}' has {} entries, at most {} are allowed", fields.path(kName),
                                            list->size(), kMaxRetentionRanges));
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string where = fmt::format("{}[{}]", kName, i);
    const json::object* object = (*list)[i].if_object();
    if (object == nullptr) return fields.refuse_type(where, "an object", (*list)[i]);
    FieldReader range(*object, fields.path(where));
    out.push_back(read_range(range));
    if (!fields.take_error(range)) return;
  }
}

void read_output_retention(FieldReader& fields, std::optional<RetentionLevel>& out) {
  if (!fields.has("decode_retention_priority") && !fields.has("decode_duration_ms")) return;
  RetentionLevel level;
  fields.read("decode_retention_priority", level.priority, {.min = 0, .max = 100});
  read_duration(fields, "decode_duration_ms", kMaxTimeoutSeconds * 1e3, 1e-3, level.duration);
  out = level;
}

/// TensorRT-LLM's KvCacheRetentionConfig.
void read_retention(FieldReader& fields, RequestTerms& out) {
  const json::value* value = fields.find("kv_cache_retention");
  if (value == nullptr) return;
  if (!value->is_object()) return fields.refuse_type("kv_cache_retention", "an object", *value);
  FieldReader inner(value->get_object(), "kv_cache_retention");
  read_ranges(inner, out.retention);
  read_output_retention(inner, out.output_retention);
  fields.take_error(inner);
}

}  // namespace

std::string_view service_tier(const RequestTerms& terms) {
  return terms.service == Service::kOffline ? "flex" : "default";
}

void read_terms(FieldReader& fields, RequestTerms& out) {
  fields.read("priority", out.priority);
  read_service_tier(fields, out);
  read_duration(fields, "first_token_within_ms", kMaxTimeoutSeconds * 1e3, 1e-3, out.first_token_within);
  read_duration(fields, "timeout", kMaxTimeoutSeconds, 1, out.timeout);
  fields.read("cache_prompt", out.cache_prompt);
  read_cache_salt(fields, out.cache_salt);
  read_retention(fields, out);
  read_request_id(fields, out.request_id);
}

void apply_terms(const RequestTerms& terms, const Principal& caller, std::string_view id, Request& request) {
  request.name = id;
  request.tenant = caller.tenant;
  request.cache_namespace = salted(caller.cache, terms.cache_salt);
  request.cache_prompt = terms.cache_prompt;
  request.priority = terms.priority;
  request.service = terms.service;
  request.first_token_within = terms.first_token_within;
  request.retention = terms.retention;
  request.output_retention = terms.output_retention;
}

}  // namespace loci
