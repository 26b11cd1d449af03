#include "model/config_reader.h"

namespace loci {
namespace {

constexpr std::int64_t kMaxExtent = std::int64_t{1} << 24;

Result<int> checked_extent(std::int64_t value, std::string_view key) {
  if (value < 1 || value > kMaxExtent)
    return fail(ErrorCode::kCorrupt, "{} is {}, must be in 1..{}", key, value, kMaxExtent);
  return static_cast<int>(value);
}

}  // namespace

Result<int> positive_field(const json::object& config, std::string_view key) {
  const json::value* value = find_field(config, key);
  if (value == nullptr) return fail(ErrorCode::kCorrupt, "field '{}' is missing", key);
  if (!value->is_int64()) return fail(ErrorCode::kCorrupt, "field '{}' is not an integer", key);
  return checked_extent(value->get_int64(), key);
}

Result<int> positive_field_or(const json::object& config, std::string_view key, int fallback) {
  if (find_field(config, key) == nullptr) return fallback;
  return positive_field(config, key);
}

Result<double> number_field_or(const json::object& config, std::string_view key, double fallback) {
  const json::value* value = find_field(config, key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) return fail(ErrorCode::kCorrupt, "field '{}' is not a number", key);
  return value->to_number<double>();
}

Result<bool> bool_field_or(const json::object& config, std::string_view key, bool fallback) {
  const json::value* value = find_field(config, key);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) return fail(ErrorCode::kCorrupt, "field '{}' is not a boolean", key);
  return value->get_bool();
}

Result<int> positive_key(const GgufMetadata& metadata, std::string_view key) {
  LOCI_TRY(const auto value, metadata.get<std::int64_t>(key));
  return checked_extent(value, key);
}

Result<int> positive_key_or(const GgufMetadata& metadata, std::string_view key, int fallback) {
  if (!metadata.contains(key)) return fallback;
  return positive_key(metadata, key);
}

}  // namespace loci
