// Typed reading of a JSON file whose parts are objects with a "type". Errors are kCorrupt and name the field
// by its path: "pre_tokenizer.pretokenizers[1].pattern: not a string".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace loci {

inline std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

/// `text`, quoted for an error message: at most 40 bytes of it, control characters replaced, so that it stays
/// one line.
std::string shown(std::string_view text);

/// An object and where it stands in the file.
struct JsonPart {
  const json::object* object;
  std::string path;

  static Result<JsonPart> of(const json::value& value, std::string path);

  std::string at(std::string_view key) const { return fmt::format("{}.{}", path, key); }

  Result<std::string_view> text(std::string_view key) const;
  Result<std::string_view> text_or(std::string_view key, std::string_view fallback) const;  // absent or null
  Result<bool> flag_or(std::string_view key, bool fallback) const;
  Result<std::int64_t> integer(std::string_view key) const;
  Result<JsonPart> part(std::string_view key) const;
  Result<const json::array*> array(std::string_view key) const;
};

}  // namespace loci
