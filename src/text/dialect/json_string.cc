#include "text/dialect/json_string.h"

#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "text/utf8.h"

namespace loci::dialect {

JsonStringDecoder::Step JsonStringDecoder::push(char next, std::string& out) {
  if (state_ == State::kEscape) return escape(next, out);
  if (state_ == State::kHex) return hex(next, out);
  if (next == '\\') {
    state_ = State::kEscape;
    return Step::kMore;
  }
  flush_surrogate(out);
  if (next == '"') return Step::kLast;
  out += next;
  return Step::kMore;
}

JsonStringDecoder::Step JsonStringDecoder::escape(char next, std::string& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
  state_ = State::kText;
  if (next == 'u') {
    state_ = State::kHex;
    hex_left_ = 4;
    unit_ = 0;
    return Step::kMore;
  }
  const std::size_t at = kNames.find(next);
  if (at == std::string_view::npos) return Step::kWrong;
  flush_surrogate(out);
  out += kBytes[at];
  return Step::kMore;
}

JsonStringDecoder::Step JsonStringDecoder::hex(char next, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const char lower = next >= 'A' && next <= 'F' ? static_cast<char>(next - 'A' + 'a') : next;
  const std::size_t digit = kDigits.find(lower);
  if (digit == std::string_view::npos) return Step::kWrong;
  unit_ = unit_ * 16 + static_cast<std::uint32_t>(digit);
  if (--hex_left_ == 0) {
    state_ = State::kText;
    unit(out);
  }
  return Step::kMore;
}

void JsonStringDecoder::unit(std::string& out) {
  const bool low = unit_ >= 0xDC00 && unit_ < 0xE000;
  if (low && high_ != 0) {
    append_utf8(0x10000 + ((std::exchange(high_, 0) - 0xD800) << 10) + (unit_ - 0xDC00), out);
    return;
  }
  flush_surrogate(out);
  if (unit_ >= 0xD800 && unit_ < 0xDC00) {
    high_ = unit_;
  } else if (low) {
    out += kReplacementCharacter;
  } else {
    append_utf8(unit_, out);
  }
}

void JsonStringDecoder::flush_surrogate(std::string& out) {
  if (std::exchange(high_, 0) != 0) out += kReplacementCharacter;
}

void append_json_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
}

}  // namespace loci::dialect
