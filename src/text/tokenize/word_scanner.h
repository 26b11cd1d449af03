// The pre-tokenizer patterns of GPT-2, Llama-3 and Qwen2 by hand: the same words as the regular expressions,
// at a multiple of PCRE2's speed. Each pattern covers every character, so a text is its words put end to end.
#pragma once

#include <string_view>

namespace loci {

/// The end of the word that begins at `at`; at < end; the text between is valid UTF-8.
using WordScanner = const char* (*)(const char* at, const char* end);

/// The scanner that does what the regular expression `pattern` does, or nullptr.
WordScanner find_word_scanner(std::string_view pattern);

inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
/// As tiktoken has it: Llama-3's, but that whitespace at the end of the text stays together.
inline constexpr std::string_view kCl100kPattern =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

}  // namespace loci
