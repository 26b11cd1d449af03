// The four kinds of characters that pre-tokenizers tell apart. Categories from utf8proc (Unicode 15).
#pragma once

#include <array>
#include <cstdint>

namespace loci {

enum class CharClass : std::uint8_t {
  kOther,
  kLetter,  // \p{L}
  kNumber,  // \p{N}
  kSpace,   // \s: the property White_Space
};

CharClass char_class_beyond_ascii(char32_t code_point);

/// \w: letters, marks, decimal digits, letter numbers and connector punctuation (Unicode TR18, but for
/// Other_Alphabetic).
bool is_word_character(char32_t code_point);

/// What pre-tokenizers call punctuation: Unicode's categories P, and ASCII's symbols.
bool is_punctuation(char32_t code_point);

inline constexpr std::array<CharClass, 128> kAsciiClass = [] {
  std::array<CharClass, 128> table{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = CharClass::kLetter;
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] = CharClass::kNumber;
  for (std::size_t c = '\t'; c <= '\r'; ++c) table[c] = CharClass::kSpace;
  table[' '] = CharClass::kSpace;
  return table;
}();

inline CharClass char_class(char32_t code_point) {
  return code_point < 128 ? kAsciiClass[code_point] : char_class_beyond_ascii(code_point);
}

}  // namespace loci
