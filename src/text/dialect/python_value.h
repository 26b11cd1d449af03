// Python literals, turned into JSON while they arrive.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/dialect/answer_reader.h"

namespace loci::dialect {

inline constexpr int kMaxPythonDepth = 32;

/// A literal at the next byte becomes JSON among the arguments of the call that has begun: strings, numbers,
/// lists, tuples, dicts with string keys; True, False and None, and JSON's words for them.
Read<bool> read_python_value(AnswerReader& in, int depth = 0);

/// An identifier, with dots where the name of a function has them; empty where there is none.
Read<bool> read_python_name(AnswerReader& in, std::string& name);

/// A call's parentheses and what is in them, f(a=1, b="x"), become the arguments of a call of `name`.
Read<bool> read_python_call(AnswerReader& in, std::string_view name);

/// A whole text that is one literal, as JSON; nullopt where it is none.
std::optional<std::string> json_of_python(std::string_view text);

}  // namespace loci::dialect
