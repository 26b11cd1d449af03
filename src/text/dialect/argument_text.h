// Arguments that a model writes as text between tags, turned into JSON while they arrive.
#pragma once

#include <string>
#include <string_view>

#include "text/dialect/answer_reader.h"

namespace loci::dialect {

/// What an argument's text may stand for, as the tool's schema says.
enum class ArgumentKind : std::uint8_t {
  kString,  // only a string: the text is the string
  kJson,    // no string: the text is JSON (or Python's words for it), and a string only if it is neither
  kUnknown  // JSON but for strings, which stand without quotes
};
ArgumentKind argument_kind(const AnswerOptions& options, std::string_view function,
                           std::string_view parameter);

/// Writes the arguments object of the call that has begun, member by member.
class ArgumentsWriter {
 public:
  explicit ArgumentsWriter(AnswerReader& in) : in_(in) { in_.arguments("{"); }
  void key(std::string_view name);
  void end() { in_.arguments("}"); }

 private:
  AnswerReader& in_;
  bool first_ = true;
};

/// Whether a newline behind the opening tag and one before the closing tag belong to the markup.
enum class Edges : std::uint8_t { kExact, kNewlines };

/// The text up to `close` (which is read too) becomes one JSON value of the arguments. Strings stream; other
/// values are given whole, as long as they are shorter than kMaxTypedBytes (beyond that they are strings).
Read<bool> read_argument_text(AnswerReader& in, std::string_view close, ArgumentKind kind, Edges edges);
inline constexpr std::size_t kMaxTypedBytes = 256 * 1024;

}  // namespace loci::dialect
