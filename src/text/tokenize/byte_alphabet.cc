#include "text/tokenize/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "text/utf8.h"

namespace loci {
namespace {

constexpr std::size_t kAlphabetEnd = 0x100 + 68;

struct Alphabet {
  std::array<char16_t, 256> character{};
  std::array<std::int16_t, kAlphabetEnd> byte{};  // [code point]; -1: not of the alphabet

  constexpr Alphabet() {
    byte.fill(-1);
    char16_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      const char16_t c = printable ? static_cast<char16_t>(b) : next++;
      character[static_cast<std::size_t>(b)] = c;
      byte[c] = static_cast<std::int16_t>(b);
    }
  }
};

constexpr Alphabet kAlphabet;

}  // namespace

std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 2);
  for (const char byte : bytes) append_utf8(kAlphabet.character[static_cast<unsigned char>(byte)], out);
  return out;
}

std::optional<std::string> from_byte_alphabet(std::string_view piece) {
  std::string out;
  out.reserve(piece.size());
  for (std::size_t at = 0, length = 0; at < piece.size(); at += length) {
    const char32_t c = read_valid_utf8(piece.data() + at, length);
    if (c >= kAlphabetEnd || kAlphabet.byte[c] < 0) return std::nullopt;
    out.push_back(static_cast<char>(kAlphabet.byte[c]));
  }
  return out;
}

}  // namespace loci
