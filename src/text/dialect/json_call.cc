#include "text/dialect/json_call.h"

#include <algorithm>

#include "text/dialect/json_scanner.h"
#include "text/dialect/json_string.h"

namespace loci::dialect {

using Scan = JsonScanner::Step;

bool is_plain_name(std::string_view name) {
  for (const char c : name)
    if (static_cast<unsigned char>(c) <= ' ' ||
        std::string_view("<>{}[]()\"'`,").find(c) != std::string_view::npos)
      return false;
  return !name.empty() && name.size() <= kMaxNameBytes;
}

Read<int> skip_space(AnswerReader& in) {
  for (;;) {
    const int next = co_await in.peek();
    if (!is_space(next)) co_return next;
    co_await in.next();
  }
}

Read<bool> expect(AnswerReader& in, std::string_view text) {
  for (const char c : text) {
    const int next = co_await in.peek();
    if (next != static_cast<unsigned char>(c)) co_return false;
    co_await in.next();
  }
  co_return true;
}

Read<bool> expect_close(AnswerReader& in, std::string_view tag) {
  co_await skip_space(in);
  const bool whole = co_await expect(in, tag);
  if (whole) co_return true;
  const int next = co_await in.peek();
  co_return next < 0;
}

namespace {

/// A whole JSON value, appended to `out` as it is written, but for control characters in strings.
Read<bool> read_value(AnswerReader& in, std::string& out) {
  JsonScanner scan;
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0) co_return false;
    const char c = static_cast<char>(next);
    const Scan step = scan.push(c);
    if (step == Scan::kWrong) co_return false;
    if (step == Scan::kEnded) co_return true;
    co_await in.next();
    if (scan.control()) {
      append_json_escaped({&c, 1}, out);
    } else {
      out += c;
    }
    if (step == Scan::kLast) co_return true;
  }
}

Read<bool> read_string(AnswerReader& in, std::string& out) {
  const bool opened = co_await expect(in, "\"");
  if (!opened) co_return false;
  JsonStringDecoder decoder;
  for (;;) {
    const int next = co_await in.next();
    if (next < 0 || out.size() > kMaxNameBytes) co_return false;
    const auto step = decoder.push(static_cast<char>(next), out);
    if (step == JsonStringDecoder::Step::kWrong) co_return false;
    if (step == JsonStringDecoder::Step::kLast) co_return true;
  }
}

/// Checks an argument text that arrives decoded.
class ArgumentText {
 public:
  /// Appends to `good` what of `text` belongs to a JSON object; false where it is none.
  bool push(std::string_view text, std::string& good) {
    for (const char c : text) {
      if (done_) {
        if (!is_space(c)) return false;
        continue;
      }
      if (!began_ && is_space(c)) continue;
      if (!began_ && c != '{') return false;
      began_ = true;
      const Scan step = scan_.push(c);
      if (step == Scan::kWrong) return false;
      if (scan_.control()) {
        append_json_escaped({&c, 1}, good);
      } else {
        good += c;
      }
      done_ = step == Scan::kLast;
    }
    return true;
  }
  bool began() const { return began_; }
  bool done() const { return done_; }

 private:
  JsonScanner scan_;
  bool began_ = false, done_ = false;
};

/// What is known of a call while its object is read.
struct CallFields {
  std::string name, id;
  std::string early;  // arguments that came before the name
  bool began = false, ended = false;
  JsonCallKeys keys = JsonCallKeys::kAny;
};

bool is_call_key(std::string_view key) {
  constexpr std::string_view kKeys[] = {"name",       "tool_name", "function",     "arguments",
                                        "parameters", "id",        "tool_call_id", "type"};
  return std::ranges::find(kKeys, key) != std::end(kKeys);
}

void begin(AnswerReader& in, CallFields& call) {
  in.begin_call(call.name, call.id);
  call.began = true;
}

/// Arguments inside a JSON string, behind its opening quote. The call begins with the object in it.
Read<bool> read_quoted_arguments(AnswerReader& in, CallFields& call) {
  JsonStringDecoder decoder;
  ArgumentText text;
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0) co_return false;
    std::string decoded, good;
    const auto step = decoder.push(static_cast<char>(next), decoded);
    if (step == JsonStringDecoder::Step::kWrong || !text.push(decoded, good)) co_return false;
    co_await in.next();
    if (text.began() && !call.began) begin(in, call);
    if (call.began) in.arguments(good);
    if (step == JsonStringDecoder::Step::kLast) break;
  }
  if (text.began()) co_return text.done();
  begin(in, call);
  in.arguments("{}");
  co_return true;
}

Read<bool> read_arguments_value(AnswerReader& in, CallFields& call) {
  const int first = co_await in.peek();
  if (first != '{' && first != '"' && first != 'n') co_return false;
  if (call.name.empty()) {
    const bool good = co_await read_value(in, call.early);
    co_return good;
  }
  if (first == 'n') {
    const bool null = co_await expect(in, "null");
    if (null) call.early = "null";
    co_return null;
  }
  bool good = false;
  if (first == '{') {
    begin(in, call);
    good = co_await read_json_arguments(in);
  } else {
    co_await in.next();
    good = co_await read_quoted_arguments(in, call);
  }
  if (good) {
    in.end_call();
    call.ended = true;
  }
  co_return good;
}

Read<bool> read_members(AnswerReader& in, CallFields& call, int depth);

Read<bool> read_member(AnswerReader& in, CallFields& call, int depth) {
  std::string key;
  const bool is_key = co_await read_string(in, key);
  if (!is_key || (call.keys == JsonCallKeys::kCallsOnly && !is_call_key(key))) co_return false;
  co_await skip_space(in);
  const bool colon = co_await expect(in, ":");
  if (!colon) co_return false;
  const int first = co_await skip_space(in);
  bool good = false;
  if (!call.began && first == '"' && (key == "name" || key == "tool_name" || key == "function")) {
    call.name.clear();
    good = co_await read_string(in, call.name);
    good = good && !call.name.empty();
  } else if (!call.began && first == '"' && key == "id") {
    good = co_await read_string(in, call.id);
  } else if (!call.began && call.early.empty() && (key == "arguments" || key == "parameters")) {
    good = co_await read_arguments_value(in, call);
  } else if (!call.began && first == '{' && key == "function" && depth == 0) {
    good = co_await read_members(in, call, depth + 1);
  } else {
    std::string skipped;
    good = co_await read_value(in, skipped);
  }
  co_return good;
}

/// From '{' to '}'.
Read<bool> read_members(AnswerReader& in, CallFields& call, int depth) {
  co_await in.next();
  int next = co_await skip_space(in);
  while (next == '"') {
    const bool good = co_await read_member(in, call, depth);
    if (!good) co_return false;
    next = co_await skip_space(in);
    if (next != ',') break;
    co_await in.next();
    next = co_await skip_space(in);
    if (next != '"') co_return false;
  }
  const bool closed = co_await expect(in, "}");
  co_return closed;
}

/// A call whose object is complete and whose arguments came first, or not at all.
bool give_late(AnswerReader& in, CallFields& call) {
  if (call.name.empty() || (call.keys == JsonCallKeys::kCallsOnly && call.early.empty())) return false;
  const bool quoted = call.early.starts_with('"');
  std::string decoded;
  if (quoted) {
    JsonStringDecoder decoder;
    for (const char c : std::string_view(call.early).substr(1)) decoder.push(c, decoded);
  }
  const std::string_view text = quoted ? std::string_view(decoded) : call.early;
  std::string good;
  ArgumentText checked;
  if (!checked.push(text == "null" ? "" : text, good) || checked.began() != checked.done()) return false;
  begin(in, call);
  in.arguments(good.empty() ? "{}" : good);
  in.end_call();
  call.ended = true;
  return true;
}

}  // namespace

Read<bool> read_json_arguments(AnswerReader& in) {
  ArgumentText text;
  while (!text.done()) {
    const int next = co_await in.peek();
    if (next < 0) co_return false;
    const char c = static_cast<char>(next);
    std::string good;
    if (!text.push({&c, 1}, good)) co_return false;
    in.arguments(good);
    co_await in.next();
  }
  co_return true;
}

Read<bool> read_json_call(AnswerReader& in, JsonCallKeys keys) {
  CallFields call;
  call.keys = keys;
  const int first = co_await in.peek();
  if (first != '{') co_return false;
  const bool good = co_await read_members(in, call, 0);
  if (!good) co_return false;
  co_return call.ended || give_late(in, call);
}

Read<bool> read_json_items(AnswerReader& in, JsonCallKeys keys) {
  int next = co_await skip_space(in);
  while (next == '{') {
    const bool good = co_await read_json_call(in, keys);
    if (!good) co_return false;
    in.drop_held();
    next = co_await skip_space(in);
    if (next != ',') break;
    co_await in.next();
    next = co_await skip_space(in);
  }
  const bool closed = co_await expect(in, "]");
  co_return closed;
}

Read<bool> read_json_calls(AnswerReader& in, JsonCallKeys keys) {
  int next = co_await skip_space(in);
  if (next == '[') {
    co_await in.next();
    const bool good = co_await read_json_items(in, keys);
    co_return good;
  }
  do {
    const bool good = co_await read_json_call(in, keys);
    if (!good) co_return false;
    in.drop_held();
    next = co_await skip_space(in);
    if (next != ',' && next != ';') continue;
    co_await in.next();
    next = co_await skip_space(in);
  } while (next == '{');
  co_return true;
}

}  // namespace loci::dialect
