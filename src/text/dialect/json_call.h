// Calls written as JSON: {"name": "f", "arguments": {...}}, one or an array of them.
#pragma once

#include <string>
#include <string_view>

#include "text/dialect/answer_reader.h"

namespace loci::dialect {

inline constexpr std::size_t kMaxNameBytes = 1024;

/// Whether a name that stands without quotes can be one: not empty, no white space, control characters,
/// quotes or brackets.
bool is_plain_name(std::string_view name);

/// Skips white space; the byte behind it (not taken), or kEnd.
Read<int> skip_space(AnswerReader& in);
/// Reads exactly `text`; false at the first other byte, which is not taken.
Read<bool> expect(AnswerReader& in, std::string_view text);
/// Reads what closes a call (white space, then `tag`). An answer that ends within it was cut off: still true.
Read<bool> expect_close(AnswerReader& in, std::string_view tag);

/// The JSON object at the next byte, as it is written, becomes the arguments of the call that has begun.
Read<bool> read_json_arguments(AnswerReader& in);

/// How sure it is that a JSON object is a call.
enum class JsonCallKeys : std::uint8_t {
  kAny,        // a tag says so
  kCallsOnly,  // nothing does: it must have arguments and no key that calls have not
};

/// A call from its '{' to its '}'. Keys may come in any order; arguments in front of the name are held until
/// then. The name stands under "name" ("tool_name", "function"), the arguments under "arguments" or
/// "parameters"; they may be a JSON text in a string, null or absent ("{}"). "id" counts where it comes
/// before the arguments.
Read<bool> read_json_call(AnswerReader& in, JsonCallKeys keys = JsonCallKeys::kAny);

/// Calls and the ']' behind them.
Read<bool> read_json_items(AnswerReader& in, JsonCallKeys keys = JsonCallKeys::kAny);

/// An array of calls, or calls with white space, commas or semicolons between them.
Read<bool> read_json_calls(AnswerReader& in, JsonCallKeys keys = JsonCallKeys::kAny);

}  // namespace loci::dialect
