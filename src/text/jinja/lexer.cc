#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>

#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

constexpr auto npos = std::string_view::npos;

/// One line break of any kind becomes "\n"; the last one of the source goes, as jinja2 has it.
std::string normalize_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
      out += '\n';
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool is_digit_char(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_name_char(char c) {
  return is_name_start(c) || is_digit_char(c);
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (at_ < source_.size()) LOCI_TRY_VOID(data_and_tag());
    push(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool looking_at(std::string_view what) const { return source_.substr(at_, what.size()) == what; }
  void push(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  /// Moves on by `count` bytes and counts the lines.
  void advance(std::size_t count) {
    const std::string_view passed = source_.substr(at_, count);
    line_ += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
    if (!passed.empty()) line_starting_ = passed.back() == '\n';
    at_ += passed.size();
  }

  void skip_space() {
    const std::string_view rest = source_.substr(at_);
    advance(rest.size() - strip_left(rest).size());
  }

  std::size_t find_tag(std::size_t from) const {
    for (std::size_t at = source_.find('{', from); at != npos; at = source_.find('{', at + 1)) {
      const char next = at + 1 < source_.size() ? source_[at + 1] : '\0';
      if (next == '{' || next == '%' || next == '#') return at;
    }
    return npos;
  }

  /// The text before a tag with the tag's sign ('-', '+' or none) applied.
  std::string_view trim_before(std::string_view text, char sign, bool may_strip_line) const {
    if (sign == '-') return strip_right(text);
    if (sign == '+' || !may_strip_line) return text;
    const std::size_t line_start = text.rfind('\n') + 1;  // npos + 1 = 0
    if (line_start == 0 && !line_starting_) return text;
    return strip(text.substr(line_start)).empty() ? text.substr(0, line_start) : text;
  }

  Result<void> data_and_tag() {
    const std::size_t tag = find_tag(at_);
    if (tag == npos) {
      push(TokenKind::kData, std::string(source_.substr(at_)));
      advance(npos);
      return {};
    }
    const char kind = source_[tag + 1];
    char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    if (sign != '-' && sign != '+') sign = '\0';
    const std::string_view text = trim_before(source_.substr(at_, tag - at_), sign, kind != '{');
    if (!text.empty()) push(TokenKind::kData, std::string(text));
    advance(tag - at_ + 2 + (sign ? 1 : 0));
    if (kind == '#') return comment();
    if (kind == '{') return tag_body(TokenKind::kVariableBegin, TokenKind::kVariableEnd);
    if (const std::size_t end = raw_tag_end("raw", false); end != npos) return raw(end);
    return tag_body(TokenKind::kBlockBegin, TokenKind::kBlockEnd);
  }

  Result<void> comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == npos) return syntax_error(line_, "a comment does not end");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    advance(end - at_ + 2);
    after_block(sign);
    return {};
  }

  /// What goes after a block or a comment that ended with `sign`.
  void after_block(char sign) {
    if (sign == '-') return skip_space();
    if (sign != '+' && peek() == '\n') advance(1);
  }

  /// Where `at_` is inside "{% NAME %}", past its begin: the offset after its "%}", or npos where it is not
  /// that tag.
  std::size_t raw_tag_end(std::string_view name, bool plus_allowed) const {
    std::string_view rest = strip_left(source_.substr(at_));
    if (!rest.starts_with(name)) return npos;
    rest = strip_left(rest.substr(name.size()));
    if (rest.starts_with("-%}") || (plus_allowed && rest.starts_with("+%}"))) rest.remove_prefix(1);
    if (!rest.starts_with("%}")) return npos;
    return source_.size() - rest.size() + 2;
  }

  Result<void> raw(std::size_t body) {
    const std::uint32_t opened = line_;
    const bool strip_after = source_[body - 3] == '-';
    advance(body - at_);
    if (strip_after) skip_space();
    const std::size_t begin = at_;
    const bool begin_starts_line = line_starting_;
    for (std::size_t tag = source_.find("{%", at_); tag != npos; tag = source_.find("{%", tag + 1)) {
      char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      if (sign != '-' && sign != '+') sign = '\0';
      at_ = tag + 2 + (sign ? 1 : 0);
      const std::size_t end = raw_tag_end("endraw", true);
      if (end == npos) continue;
      at_ = begin;
      line_starting_ = begin_starts_line;
      push(TokenKind::kData, std::string(trim_before(source_.substr(begin, tag - begin), sign, true)));
      advance(end - at_);
      after_block(source_[end - 3]);
      return {};
    }
    return syntax_error(opened, "a raw block does not end");
  }

  /// Tokens up to the tag's end.
  Result<void> tag_body(TokenKind begin, TokenKind end) {
    const std::uint32_t opened = line_;
    push(begin, "");
    std::string open;  // brackets that wait for their end
    for (;;) {
      skip_space();
      if (at_ >= source_.size()) return syntax_error(opened, "a tag does not end");
      if (open.empty() && tag_end(end)) return {};
      LOCI_TRY_VOID(token(open));
    }
  }

  bool tag_end(TokenKind end) {
    const std::string_view mark = end == TokenKind::kBlockEnd ? "%}" : "}}";
    const char sign = peek();
    const bool has_sign =
        (sign == '-' || (sign == '+' && end == TokenKind::kBlockEnd)) && source_.substr(at_ + 1, 2) == mark;
    if (!has_sign && !looking_at(mark)) return false;
    push(end, "");
    advance(has_sign ? 3 : 2);
    if (end == TokenKind::kBlockEnd) {
      after_block(has_sign ? sign : '\0');
    } else if (has_sign) {
      skip_space();
    }
    return true;
  }

  Result<void> token(std::string& open) {
    const char c = peek();
    if (is_digit_char(c)) return number();
    if (c == '\'' || c == '"') return string(c);
    if (is_name_start(c)) return name();
    return operator_token(open);
  }

  Result<void> name() {
    std::size_t size = 0;
    while (is_name_char(peek(size))) ++size;
    push(TokenKind::kName, std::string(source_.substr(at_, size)));
    advance(size);
    return {};
  }

  /// Length of a run of digits with single underscores between, from `ahead`.
  template <class IsDigit>
  std::size_t digits(std::size_t ahead, IsDigit is_one) const {
    std::size_t size = ahead;
    while (is_one(peek(size)) || (size > ahead && peek(size) == '_' && is_one(peek(size + 1)))) ++size;
    return size;
  }

  Result<void> number() {
    const auto hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    const char base = peek() == '0' ? static_cast<char>(peek(1) | 0x20) : '\0';
    TokenKind kind = TokenKind::kInteger;
    std::size_t size = 0;
    if ((base == 'x' || base == 'o' || base == 'b') && hex(peek(2))) {
      size = digits(2, hex);
    } else {
      size = digits(0, is_digit_char);
      const bool after_dot = !tokens_.empty() && tokens_.back().kind == TokenKind::kOperator &&
                             tokens_.back().text == ".";  // a.1.2 is two subscripts
      if (!after_dot && peek(size) == '.' && is_digit_char(peek(size + 1))) {
        size = digits(size + 1, is_digit_char);
        kind = TokenKind::kFloat;
      }
      const std::size_t sign = peek(size + 1) == '+' || peek(size + 1) == '-' ? 1 : 0;
      if ((peek(size) == 'e' || peek(size) == 'E') && is_digit_char(peek(size + 1 + sign))) {
        size = digits(size + 1 + sign, is_digit_char);
        kind = TokenKind::kFloat;
      }
    }
    std::string text(source_.substr(at_, size));
    std::erase(text, '_');
    push(kind, std::move(text));
    advance(size);
    return {};
  }

  Result<void> string(char quote) {
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) return syntax_error(line_, "a string does not end");
    LOCI_TRY(std::string text, unescape(source_.substr(at_ + 1, end - at_ - 1)));
    push(TokenKind::kString, std::move(text));
    advance(end + 1 - at_);
    return {};
  }

  /// Python's escapes; one that Python does not know stays as it is.
  Result<std::string> unescape(std::string_view text) const {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        out += text[i];
        continue;
      }
      constexpr std::string_view kNames = "\\'\"abfnrtv", kValues = "\\'\"\a\b\f\n\r\t\v";
      const char c = text[++i];  // a string never ends in a lone backslash
      if (const std::size_t which = kNames.find(c); which != npos) {
        out += kValues[which];
      } else if (c == '\n') {
        continue;
      } else if (c == 'x' || c == 'u' || c == 'U') {
        const std::size_t size = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        LOCI_TRY(const char32_t value, escape_value(text.substr(i + 1, size), size, 16));
        append_utf8(out, value);
        i += size;
      } else if (c >= '0' && c <= '7') {
        std::size_t size = 1;
        while (size < 3 && i + size < text.size() && text[i + size] >= '0' && text[i + size] <= '7') ++size;
        LOCI_TRY(const char32_t value, escape_value(text.substr(i, size), size, 8));
        append_utf8(out, value);
        i += size - 1;
      } else {
        out += '\\';
        out += c;
      }
    }
    return out;
  }

  Result<char32_t> escape_value(std::string_view digit_text, std::size_t size, unsigned base) const {
    char32_t value = 0;
    bool good = digit_text.size() == size;
    for (const char c : digit_text) {
      const unsigned digit =
          is_digit_char(c) ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a') + 10u;
      good = good && digit < base;
      value = value * base + digit;
    }
    if (!good || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
      return syntax_error(line_, "a string holds a bad escape");
    }
    return value;
  }

  Result<void> operator_token(std::string& open) {
    constexpr std::array<std::string_view, 27> kOperators = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]",
        "(",  ")",  "{",  "}",  ">",  "<",  "=", ".", ":", "|", ",", ";", "!"};
    const auto found = std::find_if(kOperators.begin(), kOperators.end(),
                                    [this](std::string_view op) { return looking_at(op); });
    if (found == kOperators.end() || *found == "!") {
      return syntax_error(line_, "unexpected character {:?}",
                          source_.substr(at_, first_code_point(source_.substr(at_)).size));
    }
    LOCI_TRY_VOID(balance(found->front(), open));
    push(TokenKind::kOperator, std::string(*found));
    advance(found->size());
    return {};
  }

  Result<void> balance(char c, std::string& open) const {
    if (c == '(') open += ')';
    if (c == '[') open += ']';
    if (c == '{') open += '}';
    if (c != ')' && c != ']' && c != '}') return {};
    if (open.empty()) return syntax_error(line_, "unexpected '{}'", c);
    if (open.back() != c) return syntax_error(line_, "unexpected '{}', expected '{}'", c, open.back());
    open.pop_back();
    return {};
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view source) {
  const std::string text = normalize_newlines(source);
  return Lexer(text).run();
}

}  // namespace loci::jinja
