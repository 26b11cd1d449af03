#include "text/dialect/python_value.h"

#include "text/dialect/argument_text.h"
#include "text/dialect/json_call.h"
#include "text/dialect/json_scanner.h"
#include "text/dialect/json_string.h"
#include "text/utf8.h"

namespace loci::dialect {
namespace {

bool is_letter(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}
bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

void give(AnswerReader& in, std::string_view text) {
  std::string out;
  append_json_escaped(text, out);
  in.arguments(out);
}

/// The code of an escape in `digits` hexadecimal digits; -1 where they are none.
Read<int> read_hex(AnswerReader& in, int digits) {
  int code = 0;
  for (int i = 0; i < digits; ++i) {
    const int next = co_await in.peek();
    const int lower = next >= 'A' && next <= 'F' ? next - 'A' + 'a' : next;
    const std::size_t digit = next < 0 ? std::string_view::npos
                                       : std::string_view("0123456789abcdef").find(static_cast<char>(lower));
    if (digit == std::string_view::npos || code > 0x10FFFF) co_return -1;
    code = code * 16 + static_cast<int>(digit);
    co_await in.next();
  }
  co_return code;
}

/// Behind a backslash. Python keeps the backslash of escapes that it does not know.
Read<bool> read_escape(AnswerReader& in) {
  constexpr std::string_view kNames = "\\'\"abfnrtv0";
  constexpr std::string_view kBytes("\\'\"\a\b\f\n\r\t\v\0", 11);
  const int next = co_await in.next();
  if (next < 0) co_return false;
  const char c = static_cast<char>(next);
  if (const std::size_t at = kNames.find(c); at != std::string_view::npos) {
    give(in, kBytes.substr(at, 1));
    co_return true;
  }
  const int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) {
    if (c != '\n') give(in, std::string{'\\', c});
    co_return true;
  }
  const int code = co_await read_hex(in, digits);
  if (code < 0 || code > 0x10FFFF) co_return false;
  std::string character(kReplacementCharacter);
  if (code < 0xD800 || code >= 0xE000) {
    character.clear();
    append_utf8(static_cast<char32_t>(code), character);
  }
  give(in, character);
  co_return true;
}

/// A string between single or double quotes.
Read<bool> read_python_string(AnswerReader& in) {
  const int quote = co_await in.next();
  in.arguments("\"");
  for (;;) {
    const int next = co_await in.next();
    if (next < 0) co_return false;
    if (next == quote) break;
    const char c = static_cast<char>(next);
    if (c != '\\') {
      give(in, {&c, 1});
      continue;
    }
    const bool good = co_await read_escape(in);
    if (!good) co_return false;
  }
  in.arguments("\"");
  co_return true;
}

/// Whether `text` is a number as JSON writes it.
bool is_json_number(std::string_view text) {
  JsonScanner scan;
  for (const char c : text)
    if (scan.push(c) != JsonScanner::Step::kMore) return false;
  return scan.push(' ') == JsonScanner::Step::kEnded;
}

/// A number; Python also writes "1." and ".5", and a plus in front.
Read<bool> read_python_number(AnswerReader& in) {
  constexpr std::size_t kMaxDigits = 512;
  std::string text;
  for (;;) {
    const int next = co_await in.peek();
    const bool sign = next == '+' || next == '-';
    const bool sign_may_be = text.empty() || text.ends_with('e') || text.ends_with('E');
    if (!is_digit(next) && next != '.' && next != 'e' && next != 'E' && !(sign && sign_may_be)) break;
    if (text.size() == kMaxDigits) co_return false;
    if (next != '+' || !text.empty()) text += static_cast<char>(next);
    co_await in.next();
  }
  const std::size_t digits = text.starts_with('-') ? 1 : 0;
  if (text.substr(digits).starts_with('.')) text.insert(digits, "0");
  const std::size_t dot = text.find('.');
  if (dot != std::string::npos && (dot + 1 == text.size() || !is_digit(text[dot + 1])))
    text.insert(dot + 1, "0");
  if (!is_json_number(text)) co_return false;
  in.arguments(text);
  co_return true;
}

Read<bool> read_word(AnswerReader& in) {
  std::string word;
  for (;;) {
    const int next = co_await in.peek();
    if (!is_letter(next) || word.size() > 5) break;
    word += static_cast<char>(next);
    co_await in.next();
  }
  if (word == "True" || word == "true") {
    in.arguments("true");
  } else if (word == "False" || word == "false") {
    in.arguments("false");
  } else if (word == "None" || word == "null") {
    in.arguments("null");
  } else {
    co_return false;
  }
  co_return true;
}

Read<bool> read_key(AnswerReader& in) {
  const int quote = co_await skip_space(in);
  if (quote != '"' && quote != '\'') co_return false;
  const bool key = co_await read_python_string(in);
  if (!key) co_return false;
  co_await skip_space(in);
  const bool colon = co_await expect(in, ":");
  in.arguments(": ");
  co_return colon;
}

/// A list, tuple or dict, from its bracket to `close`. A comma may stand behind the last item.
Read<bool> read_items(AnswerReader& in, char close, int depth) {
  const bool dict = close == '}';
  in.arguments(dict ? "{" : "[");
  co_await in.next();
  int next = co_await skip_space(in);
  for (bool first = true; next != close; first = false) {
    if (!first) in.arguments(", ");
    if (dict) {
      const bool key = co_await read_key(in);
      if (!key) co_return false;
    }
    const bool value = co_await read_python_value(in, depth + 1);
    if (!value) co_return false;
    next = co_await skip_space(in);
    if (next != ',' && next != close) co_return false;
    if (next == ',') {
      co_await in.next();
      next = co_await skip_space(in);
    }
  }
  co_await in.next();
  in.arguments(dict ? "}" : "]");
  co_return true;
}

/// A literal and nothing else.
Read<bool> read_whole(AnswerReader& in, bool& whole) {
  in.hold({});
  in.begin_call("_");
  const bool good = co_await read_python_value(in);
  const int next = co_await in.peek();
  whole = good && next < 0;
  while (true) {
    const int rest = co_await in.next();
    if (rest < 0) break;
  }
  in.release();
  co_return true;
}

}  // namespace

Read<bool> read_python_value(AnswerReader& in, int depth) {
  if (depth > kMaxPythonDepth) co_return false;
  const int next = co_await skip_space(in);
  bool good = false;
  if (next == '"' || next == '\'') {
    good = co_await read_python_string(in);
  } else if (next == '[' || next == '(' || next == '{') {
    good = co_await read_items(in, next == '[' ? ']' : next == '(' ? ')' : '}', depth);
  } else if (is_letter(next)) {
    good = co_await read_word(in);
  } else {
    good = co_await read_python_number(in);
  }
  co_return good;
}

Read<bool> read_python_name(AnswerReader& in, std::string& name) {
  for (;;) {
    const int next = co_await in.peek();
    const bool more = is_letter(next) || (!name.empty() && (is_digit(next) || next == '.' || next == '-'));
    if (!more || name.size() == kMaxNameBytes) break;
    name += static_cast<char>(next);
    co_await in.next();
  }
  co_return !name.empty();
}

Read<bool> read_python_call(AnswerReader& in, std::string_view name) {
  const bool opened = co_await expect(in, "(");
  if (!opened) co_return false;
  int next = co_await skip_space(in);
  std::optional<ArgumentsWriter> writer;
  while (next != ')') {
    std::string key;
    const bool named = co_await read_python_name(in, key);
    if (!named) co_return false;
    co_await skip_space(in);
    const bool equals = co_await expect(in, "=");
    if (!equals) co_return false;
    if (!writer) {
      in.begin_call(name);
      writer.emplace(in);
    }
    writer->key(key);
    const bool value = co_await read_python_value(in);
    if (!value) co_return false;
    next = co_await skip_space(in);
    if (next != ',' && next != ')') co_return false;
    if (next == ',') {
      co_await in.next();
      next = co_await skip_space(in);
    }
  }
  co_await in.next();
  if (!writer) {
    in.begin_call(name);
    writer.emplace(in);
  }
  writer->end();
  in.end_call();
  co_return true;
}

std::optional<std::string> json_of_python(std::string_view text) {
  AnswerReader in({});
  bool whole = false;
  const Read<bool> main = read_whole(in, whole);
  in.start(main.handle());
  const AnswerDelta delta = in.run(text);
  const AnswerDelta rest = in.finish();
  if (!whole) return std::nullopt;
  std::string out;
  for (const AnswerDelta* one : {&delta, &rest})
    for (const ToolCallDelta& call : one->tool_calls) out += call.arguments;
  return out;
}

}  // namespace loci::dialect
