// Filters that give texts.
#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/format.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/string_methods.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

/// The input as a text: itself, or its str().
Result<Value> soft_text(Runtime& rt, const Value& v) {
  if (v.text()) return v;
  LOCI_TRY(std::string shown, to_string(rt, v));
  return rt.text(std::move(shown));
}

template <std::string (*map)(std::string_view)>
Result<Value> mapped(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the filter"));
  LOCI_TRY(const Value text, soft_text(rt, input));
  LOCI_TRY_VOID(rt.spend(text.text()->bytes.size() / 4));
  LOCI_TRY_VOID(rt.reserve(8 * text.text()->bytes.size()));
  return rt.text(map(text.text()->bytes), text.text()->markup);
}

/// jinja2's title: words begin after white space and - ( { [ <.
std::string title(std::string_view text) {
  std::string out;
  bool begins = true;
  for (; !text.empty(); text.remove_prefix(first_code_point(text).size)) {
    const CodePoint c = first_code_point(text);
    const std::string_view one = text.substr(0, c.size);
    out += begins ? to_upper(one) : to_lower(one);
    begins = is_space(c.value) ||
             (c.value < 0x80 && std::string_view("-({[<").find(one[0]) != std::string_view::npos);
  }
  return out;
}

Result<Value> string(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "string"));
  return soft_text(rt, input);
}

Result<Value> safe(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "safe"));
  LOCI_TRY(const Value text, soft_text(rt, input));
  return rt.text(text.text()->bytes, true);
}

Result<Value> escape(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "escape"));
  return escape_html(rt, input);
}

Result<Value> force_escape(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "forceescape"));
  LOCI_TRY(std::string shown, to_string(rt, input));
  LOCI_TRY(const Value plain, rt.text(std::move(shown)));
  return escape_html(rt, plain);
}

Result<Value> trim(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "trim", {"chars"}));
  LOCI_TRY(const std::string_view chars, text_or(a[0], "", "trim's argument"));
  LOCI_TRY(const Value text, soft_text(rt, input));
  LOCI_TRY_VOID(rt.spend((text.text()->bytes.size() + chars.size()) / 8));
  return rt.text(std::string(strip_chars(text.text()->bytes, a[0], Side::kBoth)), text.text()->markup);
}

Result<Value> replace(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "replace", {"old", "new", "count"}, 2));
  LOCI_TRY(const std::int64_t count, integer_or(a[2] && !a[2]->is_none() ? a[2] : nullptr, -1, "count"));
  LOCI_TRY(std::string whole, to_string(rt, input));
  LOCI_TRY(const std::string from, to_string(rt, *a[0]));
  LOCI_TRY(const std::string to, to_string(rt, *a[1]));
  LOCI_TRY(const Value text, rt.text(std::move(whole)));
  return replace_text(rt, *text.text(), from, to, count);
}

/// Lines after the first (or all of them) get `width` spaces or that text; blank lines only where asked for.
Result<Value> indent(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "indent", {"width", "first", "blank"}));
  if (input.is_undefined()) return undefined_error(input);
  std::string indention;
  if (a[0] && a[0]->text()) {
    indention = a[0]->text()->bytes;
  } else {
    LOCI_TRY(const std::int64_t width, integer_or(a[0], 4, "indent's width"));
    if (width > kMaxRange) return type_error("an indent of {} is too large", width);
    indention.assign(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
  }
  if (!input.text()) return type_error("indent needs a string, not {}", type_name(input));
  const bool first = true_or(a[1], false), blank = true_or(a[2], false);
  TextBuilder out(rt);
  std::string_view rest = input.text()->bytes;
  for (bool begin = true, more = true; more; begin = false) {
    const std::size_t end = rest.find('\n');
    more = end != std::string_view::npos;
    const std::string_view line = rest.substr(0, end);
    const bool wanted = begin ? first : blank || !line.empty();
    if (!begin) LOCI_TRY_VOID(out.append("\n"));
    if (wanted) LOCI_TRY_VOID(out.append(indention));
    LOCI_TRY_VOID(out.append(line));
    if (more) rest.remove_prefix(end + 1);
  }
  return out.finish(input.text()->markup);
}

Result<Value> truncate(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "truncate", {"length", "killwords", "end", "leeway"}));
  LOCI_TRY(const std::int64_t length, integer_or(a[0], 255, "length"));
  LOCI_TRY(const std::string_view end, text_or(a[2], "...", "end"));
  LOCI_TRY(const std::int64_t leeway, integer_or(a[3] && !a[3]->is_none() ? a[3] : nullptr, 5, "leeway"));
  LOCI_TRY(const Value text, soft_text(rt, input));
  const auto end_length = static_cast<std::int64_t>(count_code_points(end));
  if (length < end_length || leeway < 0 || leeway > kMaxRange || length > INT32_MAX) {
    return type_error("truncate: bad length {} or leeway {}", length, leeway);
  }
  const std::string_view bytes = text.text()->bytes;
  LOCI_TRY_VOID(rt.spend(bytes.size() / 16));
  if (static_cast<std::int64_t>(text.text()->length) <= length + leeway) return text;
  std::string_view kept = bytes.substr(0, offset_of(bytes, static_cast<std::size_t>(length - end_length)));
  if (!true_or(a[1], false)) kept = kept.substr(0, kept.rfind(' '));
  return rt.text(std::string(kept) + std::string(end), text.text()->markup);
}

Result<Value> center(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "center", {"width"}));
  LOCI_TRY(const std::int64_t width, integer_or(a[0], 80, "width"));
  LOCI_TRY(const Value text, soft_text(rt, input));
  return center_text(rt, *text.text(), width, " ");
}

Result<Value> format(Runtime& rt, const Value& input, const CallArgs& args) {
  if (!args.positional.empty() && !args.named.empty()) {
    return type_error("can't handle positional and keyword arguments at the same time");
  }
  LOCI_TRY(const Value text, soft_text(rt, input));
  if (args.named.empty()) {
    LOCI_TRY(const Value tuple, rt.sequence(args.positional, SequenceKind::kTuple));
    return format_percent(rt, text, tuple);
  }
  std::vector<DictEntry> entries;
  for (const auto& [name, value] : args.named) {
    LOCI_TRY(Value key, rt.text(name));
    entries.push_back({std::move(key), value});
  }
  LOCI_TRY(const Value named, rt.dict(std::move(entries)));
  return format_percent(rt, text, named);
}

Result<Value> word_count(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "wordcount"));
  LOCI_TRY(const Value text, soft_text(rt, input));
  LOCI_TRY_VOID(rt.spend(text.text()->bytes.size() / 4));
  std::int64_t words = 0;
  bool in_word = false;
  for (const char32_t c : decode(text.text()->bytes)) {
    const bool word = is_letter(c) || is_digit(c) || c == '_';
    words += word && !in_word ? 1 : 0;
    in_word = word;
  }
  return Value(words);
}

Result<Value> tojson(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "tojson", {"ensure_ascii", "indent", "separators", "sort_keys"}));
  JsonStyle style;
  // jinja2's own filter has `indent` first and transformers' `ensure_ascii`; templates name what they mean.
  style.ascii_only = true_or(a[0], false);
  style.sort_keys = true_or(a[3], false);
  if (a[1] && a[1]->text()) {
    style.indent = a[1]->text()->bytes;
  } else if (a[1] && !a[1]->is_none()) {
    LOCI_TRY(const std::int64_t width, integer_or(a[1], 0, "tojson's indent"));
    style.indent = std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(width, 0, 1000)), ' ');
  }
  if (style.indent) style.item_separator = ",";
  if (a[2] && !a[2]->is_none()) {
    LOCI_TRY(const std::vector<Value> both, iterate(rt, *a[2]));
    if (both.size() != 2 || !both[0].text() || !both[1].text())
      return type_error("tojson needs two separators");
    style.item_separator = both[0].text()->bytes;
    style.key_separator = both[1].text()->bytes;
  }
  return to_json(rt, input, style);
}

constexpr FilterEntry kFilters[] = {
    {"capitalize", mapped<capitalize>},
    {"center", center},
    {"e", escape},
    {"escape", escape},
    {"forceescape", force_escape},
    {"format", format},
    {"indent", indent},
    {"lower", mapped<to_lower>},
    {"replace", replace},
    {"safe", safe},
    {"string", string},
    {"title", mapped<title>},
    {"tojson", tojson},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", mapped<to_upper>},
    {"wordcount", word_count},
};

}  // namespace

std::span<const FilterEntry> text_filters() {
  return kFilters;
}

}  // namespace loci::jinja
