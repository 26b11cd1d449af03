#include "text/jinja/string_methods.h"

#include <algorithm>

#include "text/jinja/format.h"
#include "text/jinja/number_format.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

constexpr auto npos = std::string_view::npos;

const Text& self_text(const Value& self) {
  return *self.text();
}

/// Pays for a search, which from the right may compare the needle at every place.
Result<void> pay_for_search(Runtime& rt, std::string_view text, std::string_view needle, bool from_right) {
  const std::size_t compared = std::min(needle.size(), text.size());
  return rt.spend(text.size() / 16 + (from_right ? text.size() / 64 * (compared / 16) : 0));
}

/// The bytes of an argument that goes into a markup text: escaped, where it is not markup itself.
Result<std::string> for_text(Runtime& rt, const Text& into, const Value& argument) {
  if (!into.markup) return argument.text()->bytes;
  LOCI_TRY(const Value escaped, escape_html(rt, argument));
  return escaped.text()->bytes;
}

template <Side side>
Result<Value> strip_method(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "strip", {"chars"}));
  LOCI_TRY(const std::string_view chars, text_or(a[0], "", "strip's argument"));
  LOCI_TRY_VOID(rt.spend((self_text(self).bytes.size() + chars.size()) / 8));
  return rt.text(std::string(strip_chars(self_text(self).bytes, a[0], side)), self_text(self).markup);
}

template <std::string (*map)(std::string_view)>
Result<Value> mapped(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the method"));
  LOCI_TRY_VOID(rt.spend(self_text(self).bytes.size() / 4));
  LOCI_TRY_VOID(rt.reserve(8 * self_text(self).bytes.size()));
  return rt.text(map(self_text(self).bytes), self_text(self).markup);
}

/// str.title: a letter after a non-letter is upper, every other lower.
std::string title(std::string_view text) {
  std::string out;
  bool in_word = false;
  while (!text.empty()) {
    const std::size_t size = first_code_point(text).size;
    const std::string_view one = text.substr(0, size);
    out += in_word ? to_lower(one) : to_upper(one);
    in_word = is_letter(first_code_point(text).value);
    text.remove_prefix(size);
  }
  return out;
}

std::string swap_case(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(first_code_point(text).size)) {
    const CodePoint c = first_code_point(text);
    const std::string_view one = text.substr(0, c.size);
    out += is_upper(c.value) ? to_lower(one) : to_upper(one);
  }
  return out;
}

/// Byte range of the code points [start, end) that a method's optional arguments name; nullopt where it is
/// empty the wrong way round.
Result<std::optional<std::string_view>> window_of(Runtime& rt, const Text& text, const Value* start,
                                                  const Value* end) {
  LOCI_TRY_VOID(rt.spend(text.is_ascii() ? 0 : text.bytes.size() / 16));
  const auto length = static_cast<std::int64_t>(text.length);
  const auto given = [](const Value* v) { return v && !v->is_none() ? v : nullptr; };
  LOCI_TRY(const std::int64_t from, integer_or(given(start), 0, "start"));
  LOCI_TRY(const std::int64_t to, integer_or(given(end), length, "end"));
  const auto place = [&](std::int64_t i) {
    return std::clamp<std::int64_t>(i < 0 ? i + length : i, 0, length);
  };
  if (from > length || place(from) > place(to)) return std::optional<std::string_view>();
  const auto offset = [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    return text.is_ascii() ? at : offset_of(text.bytes, at);
  };
  const std::size_t begin = offset(place(from));
  return std::optional(std::string_view(text.bytes).substr(begin, offset(place(to)) - begin));
}

/// str.startswith(prefix | tuple of prefixes, start, end).
template <bool at_start>
Result<Value> has_affix(Runtime& rt, const Value& self, const CallArgs& args) {
  const char* name = at_start ? "startswith" : "endswith";
  LOCI_TRY(const auto a, bind(args, name, {"affix", "start", "end"}, 1));
  LOCI_TRY(const auto window, window_of(rt, self_text(self), a[1], a[2]));
  std::span<const Value> all(a[0], 1);
  if (const Sequence* s = a[0]->sequence(); s && s->kind == SequenceKind::kTuple) all = s->items;
  for (const Value& affix : all) {
    LOCI_TRY_VOID(rt.spend());
    if (affix.is_undefined()) return undefined_error(affix);
    if (!affix.text())
      return type_error("{} arg must be str or a tuple of str, not {}", name, type_name(affix));
    const std::string& bytes = affix.text()->bytes;
    LOCI_TRY_VOID(rt.spend(bytes.size() / 256));
    if (window && (at_start ? window->starts_with(bytes) : window->ends_with(bytes))) return Value(true);
  }
  return Value(false);
}

/// Pieces of a split, turned into a list.
Result<Value> list_of(Runtime& rt, const std::vector<std::string_view>& pieces, bool markup) {
  std::vector<Value> out;
  for (const std::string_view piece : pieces) {
    LOCI_TRY_VOID(rt.spend());
    LOCI_TRY(Value one, rt.text(std::string(piece), markup));
    out.push_back(std::move(one));
  }
  return rt.sequence(std::move(out));
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view separator,
                                       std::int64_t at_most) {
  std::vector<std::string_view> pieces;
  for (std::size_t at; at_most != 0 && (at = find_bytes(text, separator)) != npos; --at_most) {
    pieces.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  pieces.push_back(text);
  return pieces;
}

std::vector<std::string_view> split_from_right(std::string_view text, std::string_view separator,
                                               std::int64_t at_most) {
  std::vector<std::string_view> pieces;
  for (std::size_t at; at_most != 0 && (at = text.rfind(separator)) != npos; --at_most) {
    pieces.push_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  pieces.push_back(text);
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

std::size_t word_size(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && !is_space(first_code_point(text.substr(at)).value)) {
    at += first_code_point(text.substr(at)).size;
  }
  return at;
}

std::vector<std::string_view> split_words(std::string_view text, std::int64_t at_most) {
  std::vector<std::string_view> words;
  for (text = strip_left(text); !text.empty(); text = strip_left(text)) {
    if (at_most-- == 0) {
      words.push_back(text);
      break;
    }
    const std::size_t size = word_size(text);
    words.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return words;
}

std::vector<std::string_view> split_words_from_right(std::string_view text, std::int64_t at_most) {
  std::vector<std::string_view> words = split_words(text, -1);
  const auto limit = static_cast<std::size_t>(at_most);
  if (at_most < 0 || words.size() <= limit) return words;
  const std::size_t joined =
      words.size() - limit;  // the words that stay together, with the space before them
  const char* end = words[joined - 1].data() + words[joined - 1].size();
  words[joined - 1] = text.substr(0, static_cast<std::size_t>(end - text.data()));
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(joined - 1));
  return words;
}

template <bool from_right>
Result<Value> split(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "split", {"sep", "maxsplit"}));
  LOCI_TRY(const std::string_view separator, text_or(a[0], "", "split's separator"));
  LOCI_TRY(const std::int64_t given, integer_or(a[1], -1, "maxsplit"));
  const std::int64_t at_most = given < 0 ? -1 : given;
  const Text& text = self_text(self);
  LOCI_TRY_VOID(pay_for_search(rt, text.bytes, separator, from_right));
  LOCI_TRY_VOID(rt.reserve(text.bytes.size() * sizeof(std::string_view)));
  if (!a[0] || a[0]->is_none()) {
    return list_of(
        rt, from_right ? split_words_from_right(text.bytes, at_most) : split_words(text.bytes, at_most),
        text.markup);
  }
  if (separator.empty()) return type_error("empty separator");
  return list_of(rt,
                 from_right ? split_from_right(text.bytes, separator, at_most)
                            : split_at(text.bytes, separator, at_most),
                 text.markup);
}

Result<Value> split_lines(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "splitlines", {"keepends"}));
  const bool keep = true_or(a[0], false);
  const Text& text = self_text(self);
  LOCI_TRY_VOID(rt.spend(text.bytes.size() / 16));
  std::vector<std::string_view> lines;
  const auto ends_line = [](char32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
  };
  std::string_view rest = text.bytes;
  for (std::size_t at = 0; at < rest.size();) {
    const CodePoint c = first_code_point(rest.substr(at));
    if (!ends_line(c.value)) {
      at += c.size;
      continue;
    }
    const std::size_t size = rest.substr(at).starts_with("\r\n") ? 2 : c.size;
    lines.push_back(rest.substr(0, keep ? at + size : at));
    rest.remove_prefix(at + size);
    at = 0;
  }
  if (!rest.empty()) lines.push_back(rest);
  return list_of(rt, lines, text.markup);
}

template <bool from_right>
Result<Value> partition(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "partition", {"sep"}, 1));
  LOCI_TRY(const std::string_view separator, text_or(a[0], "", "partition's separator"));
  if (separator.empty()) return type_error("empty separator");
  const std::string_view text = self_text(self).bytes;
  LOCI_TRY_VOID(pay_for_search(rt, text, separator, from_right));
  const std::size_t at = from_right ? text.rfind(separator) : find_bytes(text, separator);
  std::vector<std::string_view> pieces = {text, "", ""};
  if (at != npos) {
    pieces = {text.substr(0, at), separator, text.substr(at + separator.size())};
  } else if (from_right) {
    pieces = {"", "", text};
  }
  LOCI_TRY(const Value list, list_of(rt, pieces, self_text(self).markup));
  return rt.sequence(list.sequence()->items, SequenceKind::kTuple);
}

Result<Value> replace(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "replace", {"old", "new", "count"}, 2));
  for (const Value* v : {a[0], a[1]}) {
    if (v->is_undefined()) return undefined_error(*v);
    if (!v->text()) return type_error("replace() argument must be str, not {}", type_name(*v));
  }
  LOCI_TRY(const std::int64_t count, integer_or(a[2], -1, "count"));
  LOCI_TRY(const std::string to, for_text(rt, self_text(self), *a[1]));
  return replace_text(rt, self_text(self), a[0]->text()->bytes, to, count);
}

Result<Value> join(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "join", {"iterable"}, 1));
  LOCI_TRY(const std::vector<Value> items, iterate(rt, *a[0]));
  TextBuilder out(rt);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].is_undefined()) return undefined_error(items[i]);
    if (!items[i].text()) {
      return type_error("sequence item {}: expected str instance, {} found", i, type_name(items[i]));
    }
    if (i > 0) LOCI_TRY_VOID(out.append(self_text(self).bytes));
    LOCI_TRY(const std::string piece, for_text(rt, self_text(self), items[i]));
    LOCI_TRY_VOID(out.append(piece));
  }
  return out.finish(self_text(self).markup);
}

/// Index of the code point where `needle` lies within [start, end), or -1.
Result<std::int64_t> locate(Runtime& rt, const Value& self, const CallArgs& args, bool from_right) {
  LOCI_TRY(const auto a, bind(args, "find", {"sub", "start", "end"}, 1));
  if (a[0]->is_undefined()) return undefined_error(*a[0]);
  if (!a[0]->text()) return type_error("must be str, not {}", type_name(*a[0]));
  const Text& text = self_text(self);
  LOCI_TRY_VOID(pay_for_search(rt, text.bytes, a[0]->text()->bytes, from_right));
  LOCI_TRY(const auto window, window_of(rt, text, a[1], a[2]));
  if (!window) return -1;
  const std::size_t at =
      from_right ? window->rfind(a[0]->text()->bytes) : find_bytes(*window, a[0]->text()->bytes);
  if (at == npos) return -1;
  const auto before = static_cast<std::size_t>(window->data() - text.bytes.data()) + at;
  return static_cast<std::int64_t>(count_code_points(std::string_view(text.bytes).substr(0, before)));
}

template <bool from_right, bool must_be_there>
Result<Value> find(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const std::int64_t at, locate(rt, self, args, from_right));
  if (must_be_there && at < 0) return type_error("substring not found");
  return Value(at);
}

Result<Value> count(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "count", {"sub"}, 1));
  LOCI_TRY(const std::string_view needle, text_or(a[0], "", "count's argument"));
  const Text& text = self_text(self);
  LOCI_TRY_VOID(rt.spend(text.bytes.size() / 16));
  if (needle.empty()) return Value(static_cast<std::int64_t>(text.length + 1));
  std::int64_t found = 0;
  for (std::size_t at = find_bytes(text.bytes, needle); at != npos;
       at = find_bytes(text.bytes, needle, at + needle.size()))
    ++found;
  return Value(found);
}

template <char align>
Result<Value> justify(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "just", {"width", "fillchar"}, 1));
  LOCI_TRY(const std::int64_t width, integer_or(a[0], 0, "width"));
  LOCI_TRY(const std::string_view fill, text_or(a[1], " ", "fillchar"));
  if (align == '^') return center_text(rt, self_text(self), width, fill);
  if (count_code_points(fill) != 1)
    return type_error("The fill character must be exactly one character long");
  FormatSpec spec;
  spec.fill = std::string(fill);
  spec.align = align;
  spec.width = std::max<std::int64_t>(width, 0);
  LOCI_TRY(std::string out, format_text(rt, spec, self_text(self).bytes));
  return rt.text(std::move(out), self_text(self).markup);
}

Result<Value> zero_fill(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "zfill", {"width"}, 1));
  LOCI_TRY(const std::int64_t width, integer_or(a[0], 0, "width"));
  std::string_view body = self_text(self).bytes;
  const bool has_sign = body.starts_with('-') || body.starts_with('+');
  const std::string sign(body.substr(0, has_sign ? 1 : 0));
  body.remove_prefix(sign.size());
  FormatSpec spec;
  spec.fill = "0";
  spec.align = '>';
  spec.width = std::max<std::int64_t>(width - (has_sign ? 1 : 0), 0);
  LOCI_TRY(const std::string padded, format_text(rt, spec, body));
  return rt.text(sign + padded, self_text(self).markup);
}

template <bool prefix>
Result<Value> remove_affix(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, prefix ? "removeprefix" : "removesuffix", {"affix"}, 1));
  LOCI_TRY(const std::string_view affix, text_or(a[0], "", "the affix"));
  std::string_view text = self_text(self).bytes;
  if (prefix && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (!prefix && text.ends_with(affix)) text.remove_suffix(affix.size());
  return rt.text(std::string(text), self_text(self).markup);
}

template <bool (*holds)(char32_t)>
Result<Value> all_are(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the method"));
  LOCI_TRY_VOID(rt.spend(self_text(self).bytes.size() / 8));
  const std::u32string points = decode(self_text(self).bytes);
  return Value(!points.empty() && std::all_of(points.begin(), points.end(), holds));
}

bool is_letter_or_digit(char32_t c) {
  return is_letter(c) || is_digit(c);
}

/// str.isupper: no letter of the other case, and at least one of this.
template <bool (*wanted)(char32_t), bool (*unwanted)(char32_t)>
Result<Value> cased(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the method"));
  LOCI_TRY_VOID(rt.spend(self_text(self).bytes.size() / 8));
  const std::u32string points = decode(self_text(self).bytes);
  return Value(std::any_of(points.begin(), points.end(), wanted) &&
               std::none_of(points.begin(), points.end(), unwanted));
}

Result<Value> format_method(Runtime& rt, const Value& self, const CallArgs& args) {
  return format_braces(rt, self, args);
}

constexpr MethodEntry kMethods[] = {
    {"capitalize", mapped<capitalize>},
    {"casefold", mapped<to_lower>},
    {"center", justify<'^'>},
    {"count", count},
    {"endswith", has_affix<false>},
    {"find", find<false, false>},
    {"format", format_method},
    {"index", find<false, true>},
    {"isalnum", all_are<is_letter_or_digit>},
    {"isalpha", all_are<is_letter>},
    {"isdecimal", all_are<is_digit>},
    {"isdigit", all_are<is_digit>},
    {"islower", cased<is_lower, is_upper>},
    {"isnumeric", all_are<is_digit>},
    {"isspace", all_are<is_space>},
    {"isupper", cased<is_upper, is_lower>},
    {"join", join},
    {"ljust", justify<'<'>},
    {"lower", mapped<to_lower>},
    {"lstrip", strip_method<Side::kLeft>},
    {"partition", partition<false>},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"replace", replace},
    {"rfind", find<true, false>},
    {"rindex", find<true, true>},
    {"rjust", justify<'>'>},
    {"rpartition", partition<true>},
    {"rsplit", split<true>},
    {"rstrip", strip_method<Side::kRight>},
    {"split", split<false>},
    {"splitlines", split_lines},
    {"startswith", has_affix<true>},
    {"strip", strip_method<Side::kBoth>},
    {"swapcase", mapped<swap_case>},
    {"title", mapped<title>},
    {"upper", mapped<to_upper>},
    {"zfill", zero_fill},
};

}  // namespace

std::span<const MethodEntry> string_methods() {
  return kMethods;
}

Result<Value> replace_text(Runtime& rt, const Text& text, std::string_view from, std::string_view to,
                           std::int64_t at_most) {
  TextBuilder out(rt);
  std::string_view rest = text.bytes;
  LOCI_TRY_VOID(rt.spend(rest.size() / 32));
  while (at_most != 0) {
    std::size_t at = find_bytes(rest, from);
    if (from.empty()) {  // before each code point, and at the end
      LOCI_TRY_VOID(out.append(to));
      --at_most;
      if (rest.empty()) break;
      at = first_code_point(rest).size;
      LOCI_TRY_VOID(out.append(rest.substr(0, at)));
      rest.remove_prefix(at);
      continue;
    }
    if (at == npos) break;
    LOCI_TRY_VOID(out.append(rest.substr(0, at)));
    LOCI_TRY_VOID(out.append(to));
    rest.remove_prefix(at + from.size());
    --at_most;
  }
  LOCI_TRY_VOID(out.append(rest));
  return out.finish(text.markup);
}

std::string capitalize(std::string_view text) {
  const std::size_t size = text.empty() ? 0 : first_code_point(text).size;
  return to_upper(text.substr(0, size)) + to_lower(text.substr(size));
}

std::string_view strip_chars(std::string_view text, const Value* chars, Side side) {
  const bool left = side != Side::kRight, right = side != Side::kLeft;
  if (!chars || !chars->text()) {
    if (left) text = strip_left(text);
    return right ? strip_right(text) : text;
  }
  std::u32string set = decode(chars->text()->bytes);
  std::sort(set.begin(), set.end());
  const auto in_set = [&](char32_t c) { return std::binary_search(set.begin(), set.end(), c); };
  while (left && !text.empty() && in_set(first_code_point(text).value))
    text.remove_prefix(first_code_point(text).size);
  while (right && !text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (!in_set(first_code_point(text.substr(start)).value)) break;
    text = text.substr(0, start);
  }
  return text;
}

Result<Value> center_text(Runtime& rt, const Text& text, std::int64_t width, std::string_view fill) {
  if (count_code_points(fill) != 1)
    return type_error("The fill character must be exactly one character long");
  if (width > kMaxWidth) return type_error("a width of {} is too large", width);
  const auto have = static_cast<std::int64_t>(text.length);
  if (width <= have) return rt.text(text.bytes, text.markup);
  // CPython's rounding: the odd one goes left where the width is odd.
  const std::int64_t missing = width - have, left = missing / 2 + (missing & width & 1);
  TextBuilder out(rt);
  for (std::int64_t i = 0; i < left; ++i) LOCI_TRY_VOID(out.append(fill));
  LOCI_TRY_VOID(out.append(text.bytes));
  for (std::int64_t i = left; i < missing; ++i) LOCI_TRY_VOID(out.append(fill));
  return out.finish(text.markup);
}

}  // namespace loci::jinja
