#include "text/dialect/argument_text.h"

#include <array>

#include "text/dialect/json_scanner.h"
#include "text/dialect/json_string.h"
#include "text/dialect/python_value.h"
#include "text/dialect/tags.h"

namespace loci::dialect {
namespace {

constexpr std::size_t kMaxMemberDepth = kMaxJsonDepth - 1;  // a value is a member of the arguments

bool is_string_word(const json::value& type) {
  return type.is_string() && type.get_string() == "string";
}

/// Whether all values of an enum are strings.
bool all_strings(const json::value& values) {
  const json::array* list = values.if_array();
  if (list == nullptr || list->empty()) return false;
  for (const json::value& value : *list)
    if (!value.is_string()) return false;
  return true;
}

ArgumentKind kind_of_schema(const json::object& schema) {
  if (const json::value* type = find_field(schema, "type")) {
    if (is_string_word(*type)) return ArgumentKind::kString;
    if (type->is_string()) return ArgumentKind::kJson;
    if (const json::array* types = type->if_array()) {
      for (const json::value& one : *types)
        if (is_string_word(one)) return types->size() == 1 ? ArgumentKind::kString : ArgumentKind::kUnknown;
      return ArgumentKind::kJson;
    }
  }
  const json::value* values = find_field(schema, "enum");
  return values != nullptr && all_strings(*values) ? ArgumentKind::kString : ArgumentKind::kUnknown;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && is_space(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

/// The text without white space around it, where it is one JSON value; control characters in strings are
/// escaped.
std::optional<std::string> as_json(std::string_view text) {
  text = trimmed(text);
  JsonScanner scan(kMaxMemberDepth);
  std::string out;
  auto step = JsonScanner::Step::kWrong;
  for (std::size_t i = 0; i < text.size(); ++i) {
    step = scan.push(text[i]);
    if (step == JsonScanner::Step::kWrong || step == JsonScanner::Step::kEnded) return std::nullopt;
    if (scan.control()) {
      append_json_escaped(text.substr(i, 1), out);
    } else {
      out += text[i];
    }
    if (step == JsonScanner::Step::kLast && i + 1 < text.size()) return std::nullopt;
  }
  if (step == JsonScanner::Step::kMore && scan.push(' ') != JsonScanner::Step::kEnded) return std::nullopt;
  return text.empty() ? std::nullopt : std::optional(std::move(out));
}

/// Gives the text of an argument its JSON form.
class TextToJson {
 public:
  TextToJson(AnswerReader& in, ArgumentKind kind) : in_(in), kind_(kind) {
    if (kind == ArgumentKind::kString) begin_string();
  }

  void push(std::string_view text) {
    if (as_string_) {
      give(text);
      return;
    }
    held_ += text;
    for (const char c : text) look_at(c);
    if (hopeless_ || held_.size() > kMaxTypedBytes) begin_string();
  }

  void end() {
    if (!as_string_) {
      if (const auto value = typed_value()) {
        in_.arguments(*value);
        return;
      }
      begin_string();
    }
    in_.arguments("\"");
  }

 private:
  void begin_string() {
    as_string_ = true;
    in_.arguments("\"");
    give(held_);
    held_.clear();
  }

  void give(std::string_view text) {
    std::string out;
    append_json_escaped(text, out);
    in_.arguments(out);
  }

  /// A text of unknown kind is a string as soon as it can be nothing else.
  void look_at(char c) {
    if (kind_ != ArgumentKind::kUnknown || hopeless_) return;
    const bool blank = is_space(static_cast<unsigned char>(c));
    if (blank && (!began_ || whole_)) return;
    if (whole_ || (!began_ && c == '"')) {
      hopeless_ = true;
      return;
    }
    began_ = true;
    const auto step = scan_.push(c);
    whole_ = step == JsonScanner::Step::kLast || (step == JsonScanner::Step::kEnded && blank);
    hopeless_ = step == JsonScanner::Step::kWrong || (step == JsonScanner::Step::kEnded && !blank);
  }

  std::optional<std::string> typed_value() const {
    if (auto value = as_json(held_)) return value;
    if (kind_ == ArgumentKind::kJson) return json_of_python(trimmed(held_));
    return std::nullopt;
  }

  AnswerReader& in_;
  ArgumentKind kind_;
  bool as_string_ = false;
  std::string held_;
  JsonScanner scan_{kMaxMemberDepth};
  bool began_ = false, whole_ = false, hopeless_ = false;
};

}  // namespace

ArgumentKind argument_kind(const AnswerOptions& options, std::string_view function,
                           std::string_view parameter) {
  for (const OfferedTool& tool : options.offered) {
    if (tool.name != function) continue;
    const json::value* properties = find_field(tool.parameters, "properties");
    if (properties == nullptr || !properties->is_object()) return ArgumentKind::kUnknown;
    const json::value* schema = find_field(properties->get_object(), parameter);
    if (schema == nullptr || !schema->is_object()) return ArgumentKind::kUnknown;
    return kind_of_schema(schema->get_object());
  }
  return ArgumentKind::kUnknown;
}

void ArgumentsWriter::key(std::string_view name) {
  std::string out = first_ ? "\"" : ", \"";
  first_ = false;
  append_json_escaped(name, out);
  out += "\": ";
  in_.arguments(out);
}

Read<bool> read_argument_text(AnswerReader& in, std::string_view close, ArgumentKind kind, Edges edges) {
  const std::array<std::string_view, 1> tags{close};
  TagMatcher matcher(tags);
  TextToJson value(in, kind);
  bool first = edges == Edges::kNewlines, newline = false;
  for (;;) {
    const int next = co_await in.next();
    if (next < 0) break;
    std::string text;
    const int found = matcher.push(static_cast<char>(next), text);
    for (const char c : text) {
      if (newline) value.push("\n");
      newline = false;
      const bool edge = c == '\n' && edges == Edges::kNewlines;
      if (edge && !first) newline = true;
      if (!edge) value.push({&c, 1});
      first = false;
    }
    if (found < 0) continue;
    value.end();
    co_return true;
  }
  co_return false;
}

}  // namespace loci::dialect
