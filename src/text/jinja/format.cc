#include "text/jinja/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include "text/jinja/number_format.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/subscript.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

constexpr auto npos = std::string_view::npos;

/// A decimal number at the start of `text`, which moves past it; 0 where there is none, capped.
std::int64_t take_number(std::string_view& text) {
  std::int64_t value = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    value = std::min<std::int64_t>(value * 10 + (text[0] - '0'), INT32_MAX);
    text.remove_prefix(1);
  }
  return value;
}

char take_char(std::string_view& text) {
  const char c = text.empty() ? '\0' : text[0];
  if (!text.empty()) text.remove_prefix(1);
  return c;
}

/// "format % values", field by field.
class PercentFormat {
 public:
  PercentFormat(Runtime& rt, const Value& format, const Value& values)
      : rt_(rt), out_(rt), rest_(format.text()->bytes), markup_(format.text()->markup), values_(values) {
    const Sequence* s = values.sequence();
    if (s && s->kind == SequenceKind::kTuple) tuple_ = s;
  }

  Result<Value> run() {
    LOCI_TRY_VOID(rt_.spend(rest_.size() / 16));
    while (!rest_.empty()) {
      const std::size_t percent = rest_.find('%');
      LOCI_TRY_VOID(out_.append(rest_.substr(0, percent)));
      if (percent == npos) break;
      rest_.remove_prefix(percent + 1);
      LOCI_TRY_VOID(field());
    }
    const bool all_used =
        tuple_ ? next_ == tuple_->items.size() : next_ > 0 || values_.dict() || values_.sequence();
    if (!all_used) return type_error("not all arguments converted during string formatting");
    return out_.finish(markup_);
  }

 private:
  Result<Value> next_value() {
    if (keyed_) return *keyed_;
    if (next_ >= (tuple_ ? tuple_->items.size() : 1))
      return type_error("not enough arguments for format string");
    ++next_;
    return tuple_ ? tuple_->items[next_ - 1] : values_;
  }

  Result<std::int64_t> number_or_star() {
    if (rest_.empty() || rest_[0] != '*') return take_number(rest_);
    rest_.remove_prefix(1);
    LOCI_TRY(const Value given, next_value());
    const auto value = given.integer();
    if (!value || *value < 0) return type_error("* wants int");
    return *value;
  }

  Result<void> key() {
    keyed_.reset();
    if (rest_.empty() || rest_[0] != '(') return {};
    const std::size_t close = rest_.find(')');
    if (close == npos) return type_error("incomplete format key");
    if (!values_.dict()) return type_error("format requires a mapping");
    const std::string_view name = rest_.substr(1, close - 1);
    const Value* found = values_.dict()->find(name);
    if (!found) return type_error("'{}'", name.substr(0, 200));
    keyed_ = *found;
    rest_.remove_prefix(close + 1);
    return {};
  }

  void flags(FormatSpec& spec) {
    bool left = false, zero = false;
    for (; !rest_.empty() && std::string_view("-+ 0#").find(rest_[0]) != npos; rest_.remove_prefix(1)) {
      left |= rest_[0] == '-';
      zero |= rest_[0] == '0';
      spec.alternate |= rest_[0] == '#';
      if (rest_[0] == '+' || (rest_[0] == ' ' && spec.sign != '+')) spec.sign = rest_[0];
    }
    spec.align = left ? '<' : zero ? '=' : '>';
    if (zero && !left) spec.fill = "0";
  }

  Result<void> field() {
    LOCI_TRY_VOID(key());
    FormatSpec spec;
    flags(spec);
    LOCI_TRY(spec.width, number_or_star());
    if (!rest_.empty() && rest_[0] == '.') {
      rest_.remove_prefix(1);
      LOCI_TRY(spec.precision, number_or_star());
    }
    while (!rest_.empty() && std::string_view("hlL").find(rest_[0]) != npos) rest_.remove_prefix(1);
    spec.type = take_char(rest_);
    if (spec.type == '%') return out_.append("%");
    return converted(spec);
  }

  Result<void> converted(FormatSpec spec) {
    if (std::string_view("diouxXeEfFgGcrsa").find(spec.type) == npos || spec.type == '\0') {
      return type_error("unsupported format character '{}'", spec.type ? std::string(1, spec.type) : "");
    }
    LOCI_TRY(Value value, next_value());
    LOCI_TRY_VOID(rt_.spend(kFloatTextSteps));
    std::string shown;
    if (std::string_view("crsa").find(spec.type) != npos) {
      LOCI_TRY(const std::string text, as_text(spec.type, value));
      if (spec.align == '=') spec.align = '>';
      spec.fill = " ";
      LOCI_TRY(shown, format_text(rt_, spec, text));
    } else {
      if (value.is_undefined()) return undefined_error(value);
      if (spec.type == 'i' || spec.type == 'u') spec.type = 'd';
      if (const double* d = value.real(); d && spec.type == 'd' && std::fabs(*d) < 9e18) {
        value = Value(static_cast<std::int64_t>(*d));
      }
      LOCI_TRY(shown, format_number(spec, value));
    }
    return out_.append(shown);
  }

  Result<std::string> as_text(char type, const Value& value) {
    if (type == 'c' && value.integer()) {
      if (*value.integer() < 0 || *value.integer() > 0x10FFFF)
        return type_error("%c arg not in range(0x110000)");
      return encode(std::u32string(1, static_cast<char32_t>(*value.integer())));
    }
    if (type == 'r' || type == 'a') {
      TextBuilder out(rt_);
      LOCI_TRY_VOID(repr_to(out, rt_, value));
      return out.take();
    }
    if (!markup_) return to_string(rt_, value);
    LOCI_TRY(const Value escaped, escape_html(rt_, value));
    return escaped.text()->bytes;
  }

  Runtime& rt_;
  TextBuilder out_;
  std::string_view rest_;
  bool markup_;
  const Value& values_;
  const Sequence* tuple_ = nullptr;
  std::size_t next_ = 0;
  std::optional<Value> keyed_;
};

/// "[[fill]align][sign][#][0][width][,][.precision][type]"
Result<FormatSpec> parse_spec(std::string_view text) {
  const std::string_view whole = text;
  FormatSpec spec;
  const auto is_align = [](char c) { return std::string_view("<>^=").find(c) != npos; };
  const std::size_t fill = text.empty() ? 0 : first_code_point(text).size;
  if (text.size() > fill && is_align(text[fill])) {
    spec.fill = std::string(text.substr(0, fill));
    spec.align = text[fill];
    text.remove_prefix(fill + 1);
  } else if (!text.empty() && is_align(text[0])) {
    spec.align = take_char(text);
  }
  if (!text.empty() && std::string_view("+- ").find(text[0]) != npos) spec.sign = take_char(text);
  if (text.starts_with('#')) spec.alternate = take_char(text) != '\0';
  if (text.starts_with('0')) {
    take_char(text);
    if (!spec.align) {
      spec.align = '=';
      spec.fill = "0";
    }
  }
  spec.width = take_number(text);
  if (text.starts_with(',')) spec.thousands = take_char(text) != '\0';
  if (text.starts_with('.')) {
    take_char(text);
    spec.precision = take_number(text);
  }
  spec.type = take_char(text);
  if (!text.empty() || std::string_view("bcdeEfFgGnosxX%").find(spec.type) == npos) {
    if (spec.type != '\0' || !text.empty())
      return type_error("Invalid format specifier '{}'", whole.substr(0, 100));
  }
  return spec;
}

/// "format.format(args)", field by field.
class BraceFormat {
 public:
  BraceFormat(Runtime& rt, const Value& format, const CallArgs& args)
      : rt_(rt), out_(rt), rest_(format.text()->bytes), markup_(format.text()->markup), args_(args) {}

  Result<Value> run() {
    LOCI_TRY_VOID(rt_.spend(rest_.size() / 16));
    while (!rest_.empty()) {
      const std::size_t brace = rest_.find_first_of("{}");
      LOCI_TRY_VOID(out_.append(rest_.substr(0, brace)));
      if (brace == npos) break;
      const char c = rest_[brace];
      rest_.remove_prefix(brace + 1);
      if (rest_.starts_with(c)) {
        rest_.remove_prefix(1);
        LOCI_TRY_VOID(out_.append(std::string_view(&c, 1)));
        continue;
      }
      if (c == '}') return type_error("Single '}}' encountered in format string");
      LOCI_TRY_VOID(field());
    }
    return out_.finish(markup_);
  }

 private:
  Result<void> field() {
    const std::size_t close = rest_.find('}');
    if (close == npos) return type_error("expected '}}' before end of string");
    std::string_view body = rest_.substr(0, close);
    if (body.find('{') != npos) return type_error("a format field within a format field is not supported");
    rest_.remove_prefix(close + 1);
    std::string_view spec_text;
    if (const std::size_t colon = body.find(':'); colon != npos) {
      spec_text = body.substr(colon + 1);
      body = body.substr(0, colon);
    }
    char conversion = '\0';
    if (body.size() >= 2 && body[body.size() - 2] == '!') {
      conversion = body.back();
      body.remove_suffix(2);
    }
    LOCI_TRY(const Value value, lookup(body));
    LOCI_TRY(const FormatSpec spec, parse_spec(spec_text));
    return print(value, conversion, spec);
  }

  Result<Value> first_part(std::string_view name) {
    std::size_t index = next_;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (name.empty()) ++next_;
    if (name.empty() || (error == std::errc() && stop == name.data() + name.size())) {
      if (index < args_.positional.size()) return args_.positional[index];
      return type_error("Replacement index {} out of range for positional args tuple", index);
    }
    for (const auto& [key, value] : args_.named) {
      if (key == name) return value;
    }
    return type_error("'{}'", name.substr(0, 200));
  }

  Result<Value> lookup(std::string_view path) {
    std::size_t end = std::min(path.find_first_of(".["), path.size());
    LOCI_TRY(Value at, first_part(path.substr(0, end)));
    for (path.remove_prefix(end); !path.empty(); path.remove_prefix(end)) {
      const bool item = path[0] == '[';
      const std::size_t close = item ? path.find(']') : path.find_first_of(".[", 1);
      if (item && close == npos) return type_error("Missing ']' in format string");
      end = item ? close + 1 : std::min(close, path.size());
      const std::string_view name = path.substr(1, (item ? close : end) - 1);
      if (item) {
        LOCI_TRY(const Value key, rt_.text(std::string(name)));
        LOCI_TRY(at, path_of(rt_, at, key));
      } else {
        LOCI_TRY(at, attribute_of(rt_, at, name));
      }
    }
    return at;
  }

  Result<void> print(const Value& value, char conversion, const FormatSpec& spec) {
    LOCI_TRY_VOID(rt_.spend(kFloatTextSteps));
    const bool plain_bool = value.boolean() && spec.type == '\0';
    if (conversion == '\0' && value.number() && !plain_bool) {
      LOCI_TRY(const std::string shown, format_number(spec, value));
      return out_.append(shown);
    }
    if (spec.type != '\0' && spec.type != 's') {
      return type_error("Unknown format code '{}' for object of type '{}'", spec.type, type_name(value));
    }
    TextBuilder text(rt_);
    LOCI_TRY_VOID(conversion == 'r' ? repr_to(text, rt_, value) : print_to(text, rt_, value));
    LOCI_TRY(const std::string shown, format_text(rt_, spec, text.take()));
    if (!markup_) return out_.append(shown);
    LOCI_TRY(const Value plain, rt_.text(shown));
    LOCI_TRY(const Value escaped, escape_html(rt_, plain));
    return out_.append(escaped.text()->bytes);
  }

  Runtime& rt_;
  TextBuilder out_;
  std::string_view rest_;
  bool markup_;
  const CallArgs& args_;
  std::size_t next_ = 0;
};

std::tm calendar_time(std::chrono::sys_seconds when) {
  using namespace std::chrono;
  const sys_days day = floor<days>(when);
  const year_month_day date(day);
  const hh_mm_ss time(when - day);
  std::tm tm{};
  tm.tm_year = static_cast<int>(date.year()) - 1900;
  tm.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  tm.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  tm.tm_hour = static_cast<int>(time.hours().count());
  tm.tm_min = static_cast<int>(time.minutes().count());
  tm.tm_sec = static_cast<int>(time.seconds().count());
  tm.tm_wday = static_cast<int>(weekday(day).c_encoding());
  tm.tm_yday = static_cast<int>((day - sys_days(date.year() / January / 1)).count());
  return tm;
}

}  // namespace

Result<Value> format_percent(Runtime& rt, const Value& format, const Value& values) {
  return PercentFormat(rt, format, values).run();
}

Result<Value> format_braces(Runtime& rt, const Value& format, const CallArgs& args) {
  return BraceFormat(rt, format, args).run();
}

Result<Value> format_time(Runtime& rt, std::chrono::sys_seconds when, std::string_view format) {
  constexpr std::size_t kMaxFormat = 256;
  if (format.size() > kMaxFormat) return type_error("the time format is longer than {} bytes", kMaxFormat);
  std::string prepared;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char next = format[i] == '%' && i + 1 < format.size() ? format[i + 1] : '\0';
    if (next == 'f') prepared += "000000";
    if (next == '%') prepared += "%%";
    if (next == '\0') prepared += format[i] == '\0' ? ' ' : format[i];
    if (next == 'f' || next == '%' || next == 'z' || next == 'Z')
      ++i;  // no time zone: nothing
    else if (next != '\0')
      prepared += '%';
  }
  prepared += '.';  // so that a result of no bytes means that it did not fit
  char buffer[4096];
  const std::tm tm = calendar_time(when);
  const std::size_t size = std::strftime(buffer, sizeof buffer, prepared.c_str(), &tm);
  if (size == 0) return type_error("the time does not fit its format");
  return rt.text(std::string(buffer, size - 1));
}

}  // namespace loci::jinja
