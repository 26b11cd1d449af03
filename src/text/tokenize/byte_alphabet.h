// GPT-2's byte alphabet: each byte is written as one printable character ("Ġ" is a space), so that a
// vocabulary of byte strings is a vocabulary of text. Printable Latin-1 bytes stand for themselves, the other
// 68 are U+0100 and up in order. Radford et al. 2019, `bytes_to_unicode`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace loci {

/// Every byte of `bytes` as its character.
std::string to_byte_alphabet(std::string_view bytes);

/// The bytes that `piece` stands for; nothing where a character is not of the alphabet. `piece` is valid
/// UTF-8.
std::optional<std::string> from_byte_alphabet(std::string_view piece);

}  // namespace loci
