#include "text/jinja/number_format.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

bool is_float_type(char type) {
  return std::string_view("eEfFgG%").find(type) != std::string_view::npos;
}

/// Digits without a sign.
std::string float_digits(const FormatSpec& spec, double d) {
  if (spec.type == '\0' && spec.precision < 0) return float_repr(d);
  const char type = spec.type == '%' ? 'f' : spec.type == '\0' ? 'g' : spec.type;
  const char format[] = {'%', '.', '*', type, '\0'};
  const int precision = static_cast<int>(spec.precision < 0 ? 6 : spec.precision);
  char buffer[1024];  // 309 digits, a point and kMaxPrecision more
  const int size = std::snprintf(buffer, sizeof buffer, format, precision, spec.type == '%' ? d * 100 : d);
  std::string out(buffer, static_cast<std::size_t>(size));
  if (spec.type == '%') out += '%';
  return out;
}

std::string integer_digits(const FormatSpec& spec, std::uint64_t magnitude) {
  const char lower = static_cast<char>(spec.type | 0x20);
  const int base = lower == 'x' ? 16 : lower == 'o' ? 8 : lower == 'b' ? 2 : 10;
  char buffer[72];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base).ptr;
  std::string out(buffer, end);
  const auto precision = static_cast<std::size_t>(std::max<std::int64_t>(spec.precision, 0));
  if (out.size() < precision) out.insert(0, precision - out.size(), '0');
  if (spec.alternate && base != 10) out.insert(0, {'0', lower});
  if (spec.type == 'X') out = to_upper(out);
  return out;
}

void group_thousands(std::string& digits) {
  std::size_t end = digits.find_first_not_of("0123456789");
  if (end == std::string::npos) end = digits.size();
  for (std::size_t at = end; at > 3;) digits.insert(at -= 3, ",");
}

std::string repeated(std::string_view fill, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += fill;
  return out;
}

std::string pad(const FormatSpec& spec, std::string_view sign, std::string_view body, char natural_align) {
  const std::size_t have = sign.size() + count_code_points(body);
  const auto width = static_cast<std::size_t>(spec.width);
  const std::size_t missing = width > have ? width - have : 0;
  const char align = spec.align ? spec.align : natural_align;
  const std::size_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  const std::string before = repeated(spec.fill, left), after = repeated(spec.fill, missing - left);
  if (align == '=') return fmt::format("{}{}{}", sign, before, body);
  return fmt::format("{}{}{}{}", before, sign, body, after);
}

}  // namespace

Result<std::string> format_number(const FormatSpec& spec, const Value& v) {
  if (spec.width > kMaxWidth || spec.precision > kMaxPrecision)
    return type_error("a format's width is too large");
  const auto integer = v.integer();
  const auto number = v.number();
  if (!number) return type_error("a number is required, not {}", type_name(v));
  std::string digits;
  bool negative = false;
  if (is_float_type(spec.type) || (!integer && spec.type == '\0')) {
    negative = std::signbit(*number) && !std::isnan(*number);
    digits = float_digits(spec, std::fabs(*number));
  } else {
    if (!integer) return type_error("an integer is required, not {}", type_name(v));
    negative = *integer < 0;
    const auto bits = static_cast<std::uint64_t>(*integer);
    digits = integer_digits(spec, negative ? 0 - bits : bits);
  }
  if (spec.thousands) group_thousands(digits);
  const std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  return pad(spec, sign, digits, '>');
}

Result<std::string> format_text(Runtime& rt, const FormatSpec& spec, std::string_view text) {
  if (spec.width > kMaxWidth) return type_error("a format's width is too large");
  if (spec.align == '=') return type_error("'=' alignment not allowed in string format specifier");
  if (spec.precision >= 0) text = text.substr(0, offset_of(text, static_cast<std::size_t>(spec.precision)));
  LOCI_TRY_VOID(rt.spend(text.size() / 64 + static_cast<std::size_t>(spec.width) / 64));
  return pad(spec, "", text, '<');
}

}  // namespace loci::jinja
