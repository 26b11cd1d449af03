#include "text/tokenize/json_fields.h"

namespace loci {

std::string shown(std::string_view text) {
  constexpr std::size_t kLimit = 40;
  std::string out = "'";
  for (const char c : text.substr(0, kLimit))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out += text.size() > kLimit ? "...'" : "'";
}

Result<JsonPart> JsonPart::of(const json::value& value, std::string path) {
  if (!value.is_object()) return fail(ErrorCode::kCorrupt, "{}: not an object", path);
  return JsonPart{&value.get_object(), std::move(path)};
}

Result<std::string_view> JsonPart::text(std::string_view key) const {
  const json::value* value = find_field(*object, key);
  if (value == nullptr || !value->is_string()) return fail(ErrorCode::kCorrupt, "{}: not a string", at(key));
  return view(value->get_string());
}

Result<std::string_view> JsonPart::text_or(std::string_view key, std::string_view fallback) const {
  if (find_field(*object, key) == nullptr) return fallback;
  return text(key);
}

Result<bool> JsonPart::flag_or(std::string_view key, bool fallback) const {
  const json::value* value = find_field(*object, key);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) return fail(ErrorCode::kCorrupt, "{}: not true or false", at(key));
  return value->get_bool();
}

Result<std::int64_t> JsonPart::integer(std::string_view key) const {
  const json::value* value = find_field(*object, key);
  if (value == nullptr || !value->is_int64()) return fail(ErrorCode::kCorrupt, "{}: not an integer", at(key));
  return value->get_int64();
}

Result<JsonPart> JsonPart::part(std::string_view key) const {
  const json::value* value = find_field(*object, key);
  if (value == nullptr) return fail(ErrorCode::kCorrupt, "{}: missing", at(key));
  return of(*value, at(key));
}

Result<const json::array*> JsonPart::array(std::string_view key) const {
  const json::value* value = find_field(*object, key);
  if (value == nullptr || !value->is_array()) return fail(ErrorCode::kCorrupt, "{}: not an array", at(key));
  return &value->get_array();
}

}  // namespace loci
