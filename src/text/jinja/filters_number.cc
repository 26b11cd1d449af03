// Filters that give numbers, and default.
#include <charconv>
#include <cmath>

#include "text/jinja/filters.h"
#include "text/jinja/number_format.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

/// Python's float(text).
std::optional<double> parse_float(std::string_view text) {
  std::string plain(strip(text));
  std::erase(plain, '_');
  std::string_view body = plain;
  const bool negative = body.starts_with('-');
  if (negative || body.starts_with('+')) body.remove_prefix(1);
  if (body.starts_with('-') || body.starts_with('+')) return std::nullopt;
  const std::string word = to_lower(body.substr(0, 16));
  double value = 0;
  if (word == "inf" || word == "infinity") {
    value = INFINITY;
  } else if (word == "nan") {
    value = NAN;
  } else {
    const auto [stop, error] = std::from_chars(body.data(), body.data() + body.size(), value);
    if (stop != body.data() + body.size() || error == std::errc::invalid_argument || body.empty())
      return std::nullopt;
    if (error == std::errc::result_out_of_range) value = std::strtod(std::string(body).c_str(), nullptr);
  }
  return negative ? -value : value;
}

/// Python's int(text, base).
std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  std::string plain(strip(text));
  std::erase(plain, '_');
  std::string_view body = plain;
  const bool negative = body.starts_with('-');
  if (negative || body.starts_with('+')) body.remove_prefix(1);
  const char mark = body.size() > 2 && body[0] == '0' ? static_cast<char>(body[1] | 0x20) : '\0';
  if ((base == 16 && mark == 'x') || (base == 8 && mark == 'o') || (base == 2 && mark == 'b'))
    body.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(body.data(), body.data() + body.size(), value, base);
  if (body.empty() || stop != body.data() + body.size() || error != std::errc()) return std::nullopt;
  if (value > static_cast<std::uint64_t>(INT64_MAX) + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::optional<std::int64_t> truncated(double d) {
  if (!(std::fabs(d) < 0x1p63)) return std::nullopt;
  return static_cast<std::int64_t>(d);
}

Result<Value> to_int(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "int", {"default", "base"}));
  LOCI_TRY(const std::int64_t base, integer_or(a[1], 10, "base"));
  if (base < 2 || base > 36) return type_error("int() base must be >= 2 and <= 36");
  if (input.is_undefined()) return undefined_error(input);
  std::optional<std::int64_t> value = input.integer();
  if (const double* d = input.real()) value = truncated(*d);
  if (const Text* t = input.text()) {
    LOCI_TRY_VOID(rt.spend(t->bytes.size() / 4));
    value = parse_integer(t->bytes, static_cast<int>(base));
    const auto real = value ? std::nullopt : parse_float(t->bytes);
    if (real) value = truncated(*real);
  }
  if (value) return Value(*value);
  return a[0] ? *a[0] : Value(std::int64_t{0});
}

Result<Value> to_float(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "float", {"default"}));
  if (input.is_undefined()) return undefined_error(input);
  std::optional<double> value = input.number();
  if (const Text* t = input.text()) {
    LOCI_TRY_VOID(rt.spend(t->bytes.size() / 4));
    value = parse_float(t->bytes);
  }
  if (value) return Value(*value);
  return a[0] ? *a[0] : Value(0.0);
}

Result<Value> abs(Runtime&, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "abs"));
  if (const double* d = input.real()) return Value(std::fabs(*d));
  if (const auto i = input.integer()) return *i < 0 ? negate(input) : Result<Value>(Value(*i));
  if (input.is_undefined()) return undefined_error(input);
  return type_error("bad operand type for abs(): '{}'", type_name(input));
}

/// To `digits` places, ties by the exact binary value and then to even, as Python has it.
double round_float(double d, std::int64_t digits) {
  if (!std::isfinite(d) || digits > 300) return d;
  if (digits >= 0) return std::strtod(fmt::format("{:.{}f}", d, static_cast<int>(digits)).c_str(), nullptr);
  const double scale = std::pow(10.0, static_cast<double>(-digits));
  return std::isfinite(scale) ? std::nearbyint(d / scale) * scale : 0.0;
}

Result<Value> round(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "round", {"precision", "method"}));
  LOCI_TRY(const std::int64_t precision, integer_or(a[0], 0, "precision"));
  LOCI_TRY(const std::string_view method, text_or(a[1], "common", "method"));
  const auto number = input.number();
  LOCI_TRY_VOID(rt.spend(kFloatTextSteps));
  if (input.is_undefined()) return undefined_error(input);
  if (!number) return type_error("round needs a number, not {}", type_name(input));
  if (method == "common") {
    if (input.integer() && precision >= 0) return Value(*input.integer());
    const double rounded = round_float(*number, precision);
    return input.integer() ? Value(truncated(rounded).value_or(0)) : Value(rounded);
  }
  if (method != "ceil" && method != "floor") return type_error("method must be common, ceil or floor");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = *number * scale;
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Result<Value> default_value(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "default", {"default_value", "boolean"}));
  if (!input.is_undefined() && !(true_or(a[1], false) && !is_true(input))) return input;
  return a[0] ? *a[0] : rt.text("");
}

Result<Value> length(Runtime&, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "length"));
  std::size_t size = 0;
  if (const Text* t = input.text()) {
    size = t->length;
  } else if (const Sequence* s = input.sequence()) {
    size = s->items.size();
  } else if (const Dict* d = input.dict()) {
    size = d->entries.size();
  } else if (!input.is_undefined()) {
    return type_error("object of type '{}' has no len()", type_name(input));
  }
  return Value(static_cast<std::int64_t>(size));
}

constexpr FilterEntry kFilters[] = {
    {"abs", abs},        {"count", length}, {"d", default_value}, {"default", default_value},
    {"float", to_float}, {"int", to_int},   {"length", length},   {"round", round},
};

}  // namespace

std::span<const FilterEntry> number_filters() {
  return kFilters;
}

}  // namespace loci::jinja
