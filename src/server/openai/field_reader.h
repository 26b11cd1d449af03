// Reads the fields of a JSON object with their types checked. The first wrong field is remembered, later
// reads do nothing; so a parser lists its fields and asks for the status once, at its end. A field that is
// absent or null leaves its target as it is.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"

namespace loci {

struct IntRange {
  std::int64_t min = std::numeric_limits<int>::min();
  std::int64_t max = std::numeric_limits<int>::max();
};

/// "null", "boolean", "number", "string", "array" or "object".
std::string_view json_type_name(const json::value& value);

/// An integer, also one that is written as 3.0; nullopt for anything else, and beyond 64 bits.
std::optional<std::int64_t> as_integer(const json::value& value);

class FieldReader {
 public:
  /// `where` tells which object of the request this is ("messages[2]"), for errors; empty: the body.
  explicit FieldReader(const json::object& object, std::string where = {})
      : object_(object), where_(std::move(where)) {}

  void read(std::string_view name, bool& out);
  void read(std::string_view name, float& out);  // finite, within float's range
  void read(std::string_view name, std::string& out);
  void read(std::string_view name, int& out, IntRange range = {});
  /// Any integer of 64 bits, signed or not; a negative one counts as its two's complement.
  void read_seed(std::string_view name, std::optional<std::uint64_t>& out);
  /// A string, or a list of at most `max_count` strings.
  void read_strings(std::string_view name, std::vector<std::string>& out, std::size_t max_count);
  /// A list of at most `max_count` token ids, all >= 0.
  void read_tokens(std::string_view name, std::vector<TokenId>& out, std::size_t max_count);

  template <class T, class... Extra>
  void read(std::string_view name, std::optional<T>& out, Extra... extra) {
    if (find(name) == nullptr) return;
    T value{};
    read(name, value, extra...);
    if (!error_) out = std::move(value);
  }

  /// The field's value; nullptr where it is absent or null, and after an error.
  const json::value* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// The field's name as the client sees it: "messages[2].role".
  std::string path(std::string_view name) const;

  /// `name` is a field of this object; the message says all.
  void refuse(std::string_view name, std::string message);
  void refuse_type(std::string_view name, std::string_view expected, const json::value& got);
  /// An error whose field is named from the body on.
  void refuse_error(Error error);
  /// Takes over the error of a reader of an inner object; false where there is any.
  bool take_error(const FieldReader& inner);
  Result<> status() const;

 private:
  const json::object& object_;
  std::string where_;
  std::optional<Error> error_;
};

/// A list of token ids, all >= 0; the error names the element at fault.
Result<std::vector<TokenId>> parse_tokens(const json::array& list, std::string_view name);

}  // namespace loci
