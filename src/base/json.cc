#include "base/json.h"

namespace loci {

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::stream_parser parser({}, options);
  json::error_code error;
  const std::size_t consumed = parser.write_some(text.data(), text.size(), error);
  if (error) return fail(ErrorCode::kCorrupt, "invalid JSON at byte {}: {}", consumed, error.message());
  for (std::size_t i = consumed; i < text.size(); ++i)
    if (std::string_view(" \t\r\n").find(text[i]) == std::string_view::npos)
      return fail(ErrorCode::kCorrupt, "invalid JSON at byte {}: extra data after the value", i);
  parser.finish(error);
  if (error) return fail(ErrorCode::kCorrupt, "invalid JSON at byte {}: {}", text.size(), error.message());
  return parser.release();
}

const json::value* find_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

}  // namespace loci
