#include "text/jinja/print.h"

#include <charconv>
#include <cmath>

#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

Result<void> repr_items(TextBuilder& out, Runtime& rt, const std::vector<Value>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) LOCI_TRY_VOID(out.append(", "));
    LOCI_TRY_VOID(repr_to(out, rt, items[i]));
  }
  return {};
}

Result<void> repr_sequence(TextBuilder& out, Runtime& rt, const Sequence& s) {
  if (s.kind == SequenceKind::kTuple) {
    LOCI_TRY_VOID(out.append("("));
    LOCI_TRY_VOID(repr_items(out, rt, s.items));
    return out.append(s.items.size() == 1 ? ",)" : ")");
  }
  if (s.kind == SequenceKind::kRange) {
    const std::int64_t first = s.items.empty() ? 0 : s.items.front().integer().value_or(0);
    const std::int64_t last = s.items.empty() ? -1 : s.items.back().integer().value_or(0);
    const std::int64_t step = s.items.size() > 1 ? s.items[1].integer().value_or(0) - first : 1;
    LOCI_TRY_VOID(out.append(fmt::format("range({}, {}", first, step > 0 ? last + 1 : last - 1)));
    return out.append(step == 1 ? ")" : fmt::format(", {})", step));
  }
  const std::string_view name = s.is_view() ? type_name(Value(SequencePtr(SequencePtr(), &s))) : "";
  if (s.is_view()) LOCI_TRY_VOID(out.append(fmt::format("{}(", name)));
  LOCI_TRY_VOID(out.append("["));
  LOCI_TRY_VOID(repr_items(out, rt, s.items));
  return out.append(s.is_view() ? "])" : "]");
}

Result<void> repr_dict(TextBuilder& out, Runtime& rt, const Dict& d) {
  LOCI_TRY_VOID(out.append("{"));
  for (std::size_t i = 0; i < d.entries.size(); ++i) {
    if (i > 0) LOCI_TRY_VOID(out.append(", "));
    LOCI_TRY_VOID(repr_to(out, rt, d.entries[i].key));
    LOCI_TRY_VOID(out.append(": "));
    LOCI_TRY_VOID(repr_to(out, rt, d.entries[i].value));
  }
  return out.append("}");
}

}  // namespace

std::string float_repr(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific);
  const std::string_view digits(buffer, static_cast<std::size_t>(scientific.ptr - buffer));
  const std::size_t e = digits.find('e');
  int exponent = 0;
  const std::size_t exponent_at = e + (digits[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits.data() + exponent_at, digits.data() + digits.size(), exponent);
  if (exponent < -4 || exponent >= 16) return std::string(digits);
  char plain[64];
  const auto fixed = std::to_chars(plain, plain + sizeof plain, d, std::chars_format::fixed);
  std::string out(plain, fixed.ptr);
  if (out.find('.') == std::string::npos) out += ".0";
  return out;
}

std::string quoted(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = first_code_point(text.substr(at));
    if (c.value == static_cast<unsigned char>(quote) || c.value == '\\') {
      out += '\\';
      out += static_cast<char>(c.value);
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (is_printable(c.value)) {
      out.append(text.substr(at, c.size));
    } else if (c.value < 0x100) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c.value));
    } else if (c.value < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c.value));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<unsigned>(c.value));
    }
    at += c.size;
  }
  out += quote;
  return out;
}

Result<void> repr_to(TextBuilder& out, Runtime& rt, const Value& v) {
  LOCI_TRY_VOID(rt.spend());
  if (const Text* t = v.text()) {
    LOCI_TRY_VOID(rt.spend(t->bytes.size() / 8));
    LOCI_TRY_VOID(rt.reserve(4 * t->bytes.size()));
    return out.append(t->markup ? fmt::format("Markup({})", quoted(t->bytes)) : quoted(t->bytes));
  }
  if (const Sequence* s = v.sequence()) return repr_sequence(out, rt, *s);
  if (const Dict* d = v.dict()) return repr_dict(out, rt, *d);
  if (v.is_undefined()) return out.append("Undefined");
  return print_to(out, rt, v);
}

Result<void> print_to(TextBuilder& out, Runtime& rt, const Value& v) {
  if (const Text* t = v.text()) return out.append(t->bytes);
  if (v.is_undefined()) return {};
  if (v.is_none()) return out.append("None");
  if (const bool* b = v.boolean()) return out.append(*b ? "True" : "False");
  if (const std::int64_t* i = v.strict_integer()) return out.append(fmt::format_int(*i).c_str());
  if (const double* d = v.real()) return out.append(float_repr(*d));
  if (v.generator()) return out.append("<generator object>");
  if (const Object* o = v.object()) {
    LOCI_TRY(const std::string shown, o->repr(rt));
    return out.append(shown);
  }
  return repr_to(out, rt, v);
}

Result<std::string> to_string(Runtime& rt, const Value& v) {
  TextBuilder out(rt);
  LOCI_TRY_VOID(print_to(out, rt, v));
  return out.take();
}

}  // namespace loci::jinja
