// JSON: Boost.JSON, parsed under limits and read with errors that name the field.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace loci {

namespace json = boost::json;

inline constexpr std::size_t kMaxJsonDepth = 64;

/// Parses `text`; kCorrupt with the byte offset on a syntax error, invalid UTF-8 or nesting deeper than
/// kMaxJsonDepth.
Result<json::value> parse_json(std::string_view text);

/// `object[key]`, or nullptr where the key is absent or its value null.
const json::value* find_field(const json::object& object, std::string_view key);

}  // namespace loci
