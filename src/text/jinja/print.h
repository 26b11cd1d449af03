// How values look: Python's str(), repr() and json.dumps().
#pragma once

#include "text/jinja/runtime.h"

namespace loci::jinja {

/// str(v): nothing for an undefined value, "None", "True", "[1, 'a']".
Result<void> print_to(TextBuilder& out, Runtime& rt, const Value& v);
Result<std::string> to_string(Runtime& rt, const Value& v);

/// repr(v).
Result<void> repr_to(TextBuilder& out, Runtime& rt, const Value& v);

/// The shortest decimal form that reads back as `d`, written as Python does: "1.0", "1e+16", "nan".
std::string float_repr(double d);
/// Python's quoted form: 'a\n', "it's".
std::string quoted(std::string_view text);

struct JsonStyle {
  bool ascii_only = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // of one level; nullopt: all on one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
Result<Value> to_json(Runtime& rt, const Value& v, const JsonStyle& style);

}  // namespace loci::jinja
