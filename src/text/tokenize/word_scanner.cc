#include "text/tokenize/word_scanner.h"

#include <cstddef>

#include "text/tokenize/char_class.h"
#include "text/utf8.h"

namespace loci {
namespace {

struct Char {
  CharClass kind;
  std::size_t length;
};

Char char_at(const char* at) {
  const auto byte = static_cast<unsigned char>(*at);
  if (byte < 0x80) return {kAsciiClass[byte], 1};
  std::size_t length = 0;
  const char32_t code_point = read_valid_utf8(at, length);
  return {char_class_beyond_ascii(code_point), length};
}

/// The end of the characters of class `kind` from `at` on.
const char* skip(const char* at, const char* end, CharClass kind) {
  while (at < end) {
    const Char c = char_at(at);
    if (c.kind != kind) break;
    at += c.length;
  }
  return at;
}

bool is_newline(char c) {
  return c == '\r' || c == '\n';
}

/// Whitespace from `at` to `run_end`, where \s+(?!\S) and then \s+ apply: all of it at the end of the text;
/// else all but the last character, which may belong to the next word; else that one character.
const char* end_of_spaces(const char* at, const char* run_end, const char* end) {
  if (run_end == end) return run_end;
  const char* last = run_end - 1;
  while ((static_cast<unsigned char>(*last) & 0xC0) == 0x80) --last;
  return last > at ? last : run_end;
}

/// 's 't 'm 'd 're 've 'll at `at`: the end, or nullptr.
const char* end_of_contraction(const char* at, const char* end) {
  if (*at != '\'' || end - at < 2) return nullptr;
  const char first = at[1];
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  if (end - at < 3) return nullptr;
  const char second = at[2];
  const bool two = ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l');
  return two ? at + 3 : nullptr;
}

/// The same in any case. Case folding makes "ſ" (U+017F) an s.
const char* end_of_contraction_any_case(const char* at, const char* end) {
  if (*at != '\'' || end - at < 2) return nullptr;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (end - at >= 3 && at[1] == '\xC5' && at[2] == '\xBF') return at + 3;
  const char letters[] = {'\'', lower(at[1]), end - at >= 3 ? lower(at[2]) : '\0'};
  const char* stop = end_of_contraction(letters, letters + (end - at >= 3 ? 3 : 2));
  return stop == nullptr ? nullptr : at + (stop - letters);
}

const char* next_gpt2(const char* at, const char* end) {
  if (const char* stop = end_of_contraction(at, end)) return stop;
  const Char first = char_at(at);
  if (*at == ' ' && at + 1 < end) {
    const Char second = char_at(at + 1);
    if (second.kind != CharClass::kSpace) return skip(at + 1 + second.length, end, second.kind);
  }
  const char* run_end = skip(at + first.length, end, first.kind);
  return first.kind == CharClass::kSpace ? end_of_spaces(at, run_end, end) : run_end;
}

const char* end_of_number(const char* at, const char* end, int max_digits) {
  for (int i = 0; i < max_digits && at < end; ++i) {
    const Char c = char_at(at);
    if (c.kind != CharClass::kNumber) break;
    at += c.length;
  }
  return at;
}

/// [^\s\p{L}\p{N}]+[\r\n]* from its second character on.
const char* end_of_symbols(const char* at, const char* end) {
  at = skip(at, end, CharClass::kOther);
  while (at < end && is_newline(*at)) ++at;
  return at;
}

/// \s*[\r\n]+ reaches to the last newline of the run; without one the rules of end_of_spaces hold.
const char* end_of_blank(const char* at, const char* end) {
  const char* run_end = skip(at, end, CharClass::kSpace);
  for (const char* c = run_end; c > at; --c)
    if (is_newline(c[-1])) return c;
  return end_of_spaces(at, run_end, end);
}

enum class TrailingSpace { kEndsAtNewline, kWhole };

template <int kMaxDigits, TrailingSpace kTrailing = TrailingSpace::kEndsAtNewline>
const char* next_llama3(const char* at, const char* end) {
  if (const char* stop = end_of_contraction_any_case(at, end)) return stop;
  const Char first = char_at(at);
  if (first.kind == CharClass::kLetter) return skip(at + first.length, end, CharClass::kLetter);
  if (first.kind == CharClass::kNumber) return end_of_number(at, end, kMaxDigits);
  const char* after = at + first.length;
  if (after < end && !is_newline(*at)) {
    const Char second = char_at(after);
    if (second.kind == CharClass::kLetter) return skip(after + second.length, end, CharClass::kLetter);
    if (*at == ' ' && second.kind == CharClass::kOther) return end_of_symbols(after + second.length, end);
  }
  if (first.kind == CharClass::kOther) return end_of_symbols(after, end);
  if (kTrailing == TrailingSpace::kWhole && skip(after, end, CharClass::kSpace) == end) return end;
  return end_of_blank(at, end);
}

struct Entry {
  std::string_view pattern;
  WordScanner scanner;
};

constexpr Entry kScanners[] = {
    {kGpt2Pattern, next_gpt2},
    {kLlama3Pattern, next_llama3<3>},
    {kQwen2Pattern, next_llama3<1>},
    {kCl100kPattern, next_llama3<3, TrailingSpace::kWhole>},
};

}  // namespace

WordScanner find_word_scanner(std::string_view pattern) {
  for (const Entry& entry : kScanners)
    if (entry.pattern == pattern) return entry.scanner;
  return nullptr;
}

}  // namespace loci
