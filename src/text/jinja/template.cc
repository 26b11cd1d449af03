#include "text/jinja/template.h"

#include "text/jinja/interpreter.h"
#include "text/jinja/parser.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

Result<Value> from_json(const json::value& v, int depth);

Result<Value> unmetered_text(std::string_view text) {
  if (!is_utf8(text)) return type_error("a text of the context is not UTF-8");
  return Value(TextPtr(std::make_shared<const Text>(std::string(text), false, nullptr)));
}

Result<Value> from_array(const json::array& array, int depth) {
  std::vector<Value> items;
  items.reserve(array.size());
  for (const json::value& each : array) {
    LOCI_TRY(Value item, from_json(each, depth + 1));
    items.push_back(std::move(item));
  }
  return Value(SequencePtr(std::make_shared<const Sequence>(std::move(items), SequenceKind::kList, nullptr)));
}

Result<DictPtr> from_object(const json::object& object, int depth) {
  std::vector<DictEntry> entries;
  entries.reserve(object.size());
  for (const auto& field : object) {
    LOCI_TRY(Value value, from_json(field.value(), depth + 1));
    LOCI_TRY(Value key, unmetered_text(field.key()));
    entries.push_back({std::move(key), std::move(value)});
  }
  return std::make_shared<const Dict>(std::move(entries), nullptr);
}

/// The context is the caller's and is not counted against the template's limits.
Result<Value> from_json(const json::value& v, int depth) {
  if (depth > kMaxValueDepth - 2)
    return type_error("a value is nested more than {} deep", kMaxValueDepth - 2);
  switch (v.kind()) {
    case json::kind::null:
      return Value(None{});
    case json::kind::bool_:
      return Value(v.get_bool());
    case json::kind::int64:
      return Value(std::int64_t{v.get_int64()});
    case json::kind::uint64:  // more than int64 holds
      return Value(static_cast<double>(v.get_uint64()));
    case json::kind::double_:
      return Value(v.get_double());
    case json::kind::string:
      return unmetered_text(v.get_string());
    case json::kind::array:
      return from_array(v.get_array(), depth);
    default:
      break;
  }
  LOCI_TRY(DictPtr dict, from_object(v.get_object(), depth));
  return Value(std::move(dict));
}

}  // namespace

Result<Template> Template::parse(std::string_view source) {
  LOCI_TRY(Program program, parse_program(source));
  return Template(std::move(program));
}

Result<std::string> Template::render(const json::object& context, const RenderOptions& options) const {
  LOCI_TRY(const DictPtr variables, from_object(context, 0));
  Runtime rt(options.limits, options.now);
  return Interpreter(program_, rt, *variables).render();
}

}  // namespace loci::jinja
