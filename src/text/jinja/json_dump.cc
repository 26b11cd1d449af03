// json.dumps as chat templates see it through `tojson`.
#include <algorithm>
#include <cmath>

#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

class Dumper {
 public:
  Dumper(Runtime& rt, const JsonStyle& style) : rt_(rt), style_(style), out_(rt) {}

  Result<void> dump(const Value& v) {
    LOCI_TRY_VOID(rt_.spend());
    if (const Text* t = v.text()) return dump_text(t->bytes);
    if (v.is_none()) return out_.append("null");
    if (const bool* b = v.boolean()) return out_.append(*b ? "true" : "false");
    if (const double* d = v.real()) return out_.append(number(*d));
    if (v.strict_integer()) return print_to(out_, rt_, v);
    if (const Dict* d = v.dict()) return dump_dict(*d);
    const Sequence* s = v.sequence();
    if (s && (s->kind == SequenceKind::kList || s->kind == SequenceKind::kTuple)) return dump_list(s->items);
    return type_error("Object of type {} is not JSON serializable", type_name(v));
  }

  Result<Value> finish() { return out_.finish(); }

 private:
  static std::string number(double d) {
    if (std::isnan(d)) return "NaN";
    if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
    return float_repr(d);
  }

  /// A line break and the indent of the present level, where the style has one.
  Result<void> new_line() {
    if (!style_.indent) return {};
    LOCI_TRY_VOID(out_.append("\n"));
    for (int i = 0; i < level_; ++i) LOCI_TRY_VOID(out_.append(*style_.indent));
    return {};
  }

  Result<void> dump_list(const std::vector<Value>& items) {
    if (items.empty()) return out_.append("[]");
    LOCI_TRY_VOID(out_.append("["));
    ++level_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) LOCI_TRY_VOID(out_.append(style_.item_separator));
      LOCI_TRY_VOID(new_line());
      LOCI_TRY_VOID(dump(items[i]));
    }
    --level_;
    LOCI_TRY_VOID(new_line());
    return out_.append("]");
  }

  Result<std::string> key_text(const Value& key) {
    if (key.text()) return key.text()->bytes;
    if (key.is_none()) return "null";
    if (const bool* b = key.boolean()) return *b ? "true" : "false";
    if (const double* d = key.real()) return number(*d);
    return to_string(rt_, key);
  }

  Result<void> dump_dict(const Dict& d) {
    if (d.entries.empty()) return out_.append("{}");
    std::vector<const DictEntry*> entries;
    for (const DictEntry& entry : d.entries) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::sort(entries.begin(), entries.end(),
                [](auto* a, auto* b) { return compare_keys(a->key, b->key) < 0; });
    }
    LOCI_TRY_VOID(out_.append("{"));
    ++level_;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) LOCI_TRY_VOID(out_.append(style_.item_separator));
      LOCI_TRY_VOID(new_line());
      LOCI_TRY(const std::string key, key_text(entries[i]->key));
      LOCI_TRY_VOID(dump_text(key));
      LOCI_TRY_VOID(out_.append(style_.key_separator));
      LOCI_TRY_VOID(dump(entries[i]->value));
    }
    --level_;
    LOCI_TRY_VOID(new_line());
    return out_.append("}");
  }

  static std::string_view short_escape(char32_t c) {
    switch (c) {
      case '"':
        return "\\\"";
      case '\\':
        return "\\\\";
      case '\n':
        return "\\n";
      case '\r':
        return "\\r";
      case '\t':
        return "\\t";
      case '\f':
        return "\\f";
      case '\b':
        return "\\b";
      default:
        return "";
    }
  }

  static std::string unicode_escape(char32_t c) {
    if (c < 0x10000) return fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    const unsigned v = static_cast<unsigned>(c) - 0x10000;
    return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (v >> 10), 0xDC00 + (v & 0x3FF));
  }

  Result<void> dump_text(std::string_view text) {
    LOCI_TRY_VOID(rt_.spend(text.size() / 16));
    LOCI_TRY_VOID(out_.append("\""));
    std::size_t run = 0;  // start of the bytes that go out as they are
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint c = first_code_point(text.substr(at));
      const std::string_view escape = short_escape(c.value);
      if (!escape.empty() || c.value < 0x20 || (style_.ascii_only && c.value > 0x7E)) {
        LOCI_TRY_VOID(out_.append(text.substr(run, at - run)));
        LOCI_TRY_VOID(out_.append(escape.empty() ? unicode_escape(c.value) : std::string(escape)));
        run = at + c.size;
      }
      at += c.size;
    }
    LOCI_TRY_VOID(out_.append(text.substr(run)));
    return out_.append("\"");
  }

  Runtime& rt_;
  const JsonStyle& style_;
  TextBuilder out_;
  int level_ = 0;
};

}  // namespace

Result<Value> to_json(Runtime& rt, const Value& v, const JsonStyle& style) {
  Dumper dumper(rt, style);
  LOCI_TRY_VOID(dumper.dump(v));
  return dumper.finish();
}

}  // namespace loci::jinja
