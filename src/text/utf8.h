// UTF-8, read without trust. Ill-formed input is cut as Unicode 15 section 3.9 recommends (maximal subparts),
// so that a text decoded whole and the same text decoded in chunks contain the same U+FFFD.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace loci {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

struct Utf8Step {
  enum class Status { kCharacter, kIllFormed, kUnfinished };
  Status status;
  char32_t code_point;  // only for kCharacter
  std::size_t
      length;  // bytes of the character, or of the maximal ill-formed or unfinished subpart; at least 1
};

/// Reads what begins at bytes[0]; `bytes` is not empty. kUnfinished: more bytes could complete the character.
Utf8Step read_utf8(std::string_view bytes);

/// One character of text that is known to be well-formed; `at` is the first byte of a character.
inline char32_t read_valid_utf8(const char* at, std::size_t& length) {
  const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return length = 1, lead;
  if (lead < 0xE0) return length = 2, (lead & 0x1F) << 6 | (byte(1) & 0x3Fu);
  if (lead < 0xF0) return length = 3, (lead & 0x0F) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
  length = 4;
  return (lead & 0x07) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
}

/// `code_point` is a Unicode scalar value.
void append_utf8(char32_t code_point, std::string& out);

bool is_valid_utf8(std::string_view bytes);

/// Appends `bytes` to `out`, each ill-formed subpart as U+FFFD. Returns how many bytes were read: the rest,
/// at most 3, may be the beginning of a character.
std::size_t append_lossy(std::string_view bytes, std::string& out);

/// All of `bytes`; an unfinished character at the end is U+FFFD too.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace loci
