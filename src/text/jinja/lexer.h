// Splits a template into tokens, white space control already applied (trim_blocks and lstrip_blocks are on).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loci::jinja {

enum class TokenKind {
  kData,           // text between tags, as it is to be printed
  kVariableBegin,  // {{
  kVariableEnd,
  kBlockBegin,  // {%
  kBlockEnd,
  kName,
  kString,  // `text` is unescaped
  kInteger,
  kFloat,
  kOperator,  // `text` is one of + - / // * % ** ~ [ ] ( ) { } == != > >= < <= = . : | , ;
  kEnd,
};

struct Token {
  TokenKind kind;
  std::string text;
  std::uint32_t line;
};

/// kCorrupt with the line where the source is not a template. The last token is kEnd. O(source).
Result<std::vector<Token>> tokenize(std::string_view source);

/// kCorrupt, "line L: what".
template <class... Args>
std::unexpected<Error> syntax_error(std::uint32_t line, fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorCode::kCorrupt, "line {}: {}", line, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace loci::jinja
