#include "server/openai/field_reader.h"

#include <cmath>

namespace loci {

std::string_view json_type_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "nothing";
}

std::optional<std::int64_t> as_integer(const json::value& value) {
  if (const std::int64_t* integer = value.if_int64()) return *integer;
  const double* number = value.if_double();
  constexpr double kLimit = 0x1p63;
  if (number == nullptr || *number != std::trunc(*number) || !(*number >= -kLimit && *number < kLimit))
    return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

const json::value* FieldReader::find(std::string_view name) const {
  return error_ ? nullptr : find_field(object_, name);
}

std::string FieldReader::path(std::string_view name) const {
  return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

void FieldReader::refuse(std::string_view name, std::string message) {
  if (!error_) error_ = Error{ErrorCode::kInvalidArgument, std::move(message), path(name)};
}

void FieldReader::refuse_error(Error error) {
  if (!error_) error_ = std::move(error);
}

bool FieldReader::take_error(const FieldReader& inner) {
  if (!error_) error_ = inner.error_;
  return !error_;
}

void FieldReader::refuse_type(std::string_view name, std::string_view expected, const json::value& got) {
  refuse(name, fmt::format("'{}' must be {}, got {}", path(name), expected, json_type_name(got)));
}

Result<> FieldReader::status() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

void FieldReader::read(std::string_view name, bool& out) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (!value->is_bool()) return refuse_type(name, "a boolean", *value);
  out = value->get_bool();
}

void FieldReader::read(std::string_view name, float& out) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (!value->is_number()) return refuse_type(name, "a number", *value);
  const double number = value->to_number<double>();
  if (!(std::abs(number) <= double{std::numeric_limits<float>::max()}))
    return refuse(name, fmt::format("'{}' must be a number of single precision, got {}", path(name), number));
  out = static_cast<float>(number);
}

void FieldReader::read(std::string_view name, std::string& out) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (!value->is_string()) return refuse_type(name, "a string", *value);
  out = std::string_view(value->get_string());
}

void FieldReader::read(std::string_view name, int& out, IntRange range) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (!value->is_number()) return refuse_type(name, "an integer", *value);
  const auto integer = as_integer(*value);
  if (!integer || *integer < range.min || *integer > range.max)
    return refuse(name, fmt::format("'{}' must be an integer in {}..{}, got {}", path(name), range.min,
                                    range.max, json::serialize(*value)));
  out = static_cast<int>(*integer);
}

void FieldReader::read_seed(std::string_view name, std::optional<std::uint64_t>& out) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (!value->is_number()) return refuse_type(name, "an integer", *value);
  if (const std::uint64_t* big = value->if_uint64()) {
    out = *big;
  } else if (const auto integer = as_integer(*value)) {
    out = static_cast<std::uint64_t>(*integer);
  } else {
    refuse(name,
           fmt::format("'{}' must be an integer of 64 bits, got {}", path(name), json::serialize(*value)));
  }
}

void FieldReader::read_strings(std::string_view name, std::vector<std::string>& out, std::size_t max_count) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (const json::string* text = value->if_string()) {
    out.assign(1, std::string(*text));
    return;
  }
  const json::array* list = value->if_array();
  if (list == nullptr) return refuse_type(name, "a string or a list of strings", *value);
  if (list->size() > max_count)
    return refuse(name, fmt::format("'{}' has {} entries, at most {} are allowed", path(name), list->size(),
                                    max_count));
  out.clear();
  for (const json::value& entry : *list) {
    if (!entry.is_string()) return refuse_type(name, "a string or a list of strings", entry);
    out.emplace_back(entry.get_string());
  }
}

void FieldReader::read_tokens(std::string_view name, std::vector<TokenId>& out, std::size_t max_count) {
  const json::value* value = find(name);
  if (value == nullptr) return;
  const json::array* list = value->if_array();
  if (list == nullptr) return refuse_type(name, "a list of token ids", *value);
  if (list->size() > max_count)
    return refuse(name, fmt::format("'{}' has {} entries, at most {} are allowed", path(name), list->size(),
                                    max_count));
  auto tokens = parse_tokens(*list, name);
  if (!tokens) return refuse(name, tokens.error().message);
  out = std::move(*tokens);
}

Result<std::vector<TokenId>> parse_tokens(const json::array& list, std::string_view name) {
  std::vector<TokenId> tokens;
  tokens.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto id = as_integer(list[i]);
    if (!id || *id < 0 || *id > std::numeric_limits<TokenId>::max()) {
      const std::string got =
          list[i].is_number() ? json::serialize(list[i]) : std::string(json_type_name(list[i]));
      return std::unexpected(Error{ErrorCode::kInvalidArgument,
                                   fmt::format("'{}' must hold token ids, got {} at index {}", name, got, i),
                                   std::string(name)});
    }
    tokens.push_back(static_cast<TokenId>(*id));
  }
  return tokens;
}

}  // namespace loci
