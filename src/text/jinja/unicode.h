// UTF-8 as Python's str sees it: code points, white space, case, what repr() shows as it is. Texts
// are UTF-8, checked where they enter; of other bytes nothing here reads past the end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace loci::jinja {

struct CodePoint {
  char32_t value;
  std::size_t size;  // bytes
};

/// The code point at `text[0]`; `text` is not empty.
CodePoint first_code_point(std::string_view text);
std::size_t count_code_points(std::string_view text);
/// Byte offset of code point `index`, or the size where the text has fewer.
std::size_t offset_of(std::string_view text, std::size_t index);
/// As text.find(needle, from), but never slower than linear, whatever the texts.
std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from = 0);
bool is_utf8(std::string_view text);
std::u32string decode(std::string_view text);
void append_utf8(std::string& out, char32_t c);
std::string encode(std::u32string_view text);

bool is_space(char32_t c);
bool is_printable(char32_t c);
bool is_letter(char32_t c);
bool is_digit(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);

/// Simple case mapping, and the sharp s, the one letter of common text that upper-cases to two.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);

std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);
inline std::string_view strip(std::string_view text) {
  return strip_left(strip_right(text));
}

}  // namespace loci::jinja
