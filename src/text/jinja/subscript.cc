#include "text/jinja/subscript.h"

#include <algorithm>
#include <charconv>

#include "text/jinja/builtins.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

/// How jinja2 names the owner of a missing part.
std::string owner(const Value& v) {
  return v.is_none() ? "None" : fmt::format("{} object", type_name(v));
}

Value missing_attribute(const Value& object, std::string_view name) {
  return Value::undefined(fmt::format("'{}' has no attribute '{}'", owner(object), name.substr(0, 200)));
}

bool changes_its_value(const Value& object, std::string_view name) {
  const auto is_one_of = [name](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (object.dict()) return is_one_of({"clear", "pop", "popitem", "setdefault", "update"});
  if (!object.sequence() || object.sequence()->kind != SequenceKind::kList) return false;
  return is_one_of({"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"});
}

/// What Python's getattr finds; nullopt where the type has no such attribute.
std::optional<Value> python_attribute(const Value& object, std::string_view name) {
  if (const Object* o = object.object()) {
    if (auto found = o->attribute(name)) return found;
  }
  if (const MethodEntry* method = find_method(object, name)) return bound_method(object, *method);
  if (changes_its_value(object, name)) {
    return Value::undefined(
        fmt::format("access to attribute '{}' of '{}' object is unsafe.", name, type_name(object)));
  }
  return std::nullopt;
}

/// What Python's object[key] finds, for a key that is not a slice.
Result<std::optional<Value>> python_item(Runtime& rt, const Value& object, const Value& key) {
  if (const Dict* d = object.dict()) {
    if (!is_dict_key(key)) return std::optional<Value>();
    LOCI_TRY(const Value* found, rt.find(*d, key));
    return found ? std::optional<Value>(*found) : std::nullopt;
  }
  const auto index = key.integer();
  const Sequence* s = object.sequence();
  const Text* t = object.text();
  if (!index || (!t && (!s || s->is_view()))) return std::optional<Value>();
  const auto length = static_cast<std::int64_t>(t ? t->length : s->items.size());
  const std::int64_t at = *index < 0 ? *index + length : *index;
  if (at < 0 || at >= length) return std::optional<Value>();
  const auto position = static_cast<std::size_t>(at);
  if (s) return std::optional<Value>(s->items[position]);
  LOCI_TRY_VOID(rt.spend(t->is_ascii() ? 0 : position / 16));
  const std::string_view rest =
      std::string_view(t->bytes).substr(t->is_ascii() ? position : offset_of(t->bytes, position));
  LOCI_TRY(Value one, rt.text(std::string(rest.substr(0, first_code_point(rest).size)), t->markup));
  return std::optional<Value>(std::move(one));
}

struct Bounds {
  std::int64_t start, stop, step;
};

/// Python's slice.indices(length).
Result<Bounds> slice_bounds(std::int64_t length, const Value& start, const Value& stop, const Value& step) {
  for (const Value* v : {&start, &stop, &step}) {
    if (v->is_undefined()) return undefined_error(*v);
    if (!v->is_none() && !v->integer()) return type_error("slice indices must be integers or None");
  }
  const std::int64_t by =
      std::clamp<std::int64_t>(step.integer().value_or(1), -INT64_C(1) << 40, INT64_C(1) << 40);
  if (by == 0) return type_error("slice step cannot be zero");
  const std::int64_t low = by < 0 ? -1 : 0, high = by < 0 ? length - 1 : length;
  const auto place = [&](const Value& v, std::int64_t fallback) {
    const auto given = v.integer();
    if (!given) return fallback;
    return std::clamp(*given < 0 ? *given + length : *given, low, high);
  };
  return Bounds{place(start, by < 0 ? high : low), place(stop, by < 0 ? low : high), by};
}

/// Calls `take(i)` for each index of the slice.
template <class Take>
void for_each_index(const Bounds& b, Take take) {
  for (std::int64_t i = b.start; b.step > 0 ? i < b.stop : i > b.stop; i += b.step)
    take(static_cast<std::size_t>(i));
}

Result<Value> slice_text(Runtime& rt, const Text& text, const Bounds& b) {
  LOCI_TRY_VOID(rt.spend(b.step == 1 && text.is_ascii() ? 0 : text.bytes.size() / 8));
  if (b.step == 1) {
    if (b.start >= b.stop) return rt.text("", text.markup);
    const auto start = static_cast<std::size_t>(b.start), count = static_cast<std::size_t>(b.stop - b.start);
    if (text.is_ascii()) return rt.text(text.bytes.substr(start, count), text.markup);
    const std::string_view rest = std::string_view(text.bytes).substr(offset_of(text.bytes, start));
    return rt.text(std::string(rest.substr(0, offset_of(rest, count))), text.markup);
  }
  const std::u32string points = decode(text.bytes);
  std::string out;
  for_each_index(b, [&](std::size_t i) { append_utf8(out, points[i]); });
  return rt.text(std::move(out), text.markup);
}

}  // namespace

Result<Value> attribute_of(Runtime& rt, const Value& object, std::string_view name) {
  if (object.is_undefined()) return undefined_error(object);
  LOCI_TRY_VOID(rt.spend(name.size() / 16));
  if (auto found = python_attribute(object, name)) return std::move(*found);
  if (const Dict* d = object.dict()) {
    if (const Value* found = d->find(name)) return *found;
  }
  LOCI_TRY_VOID(rt.spend());
  return missing_attribute(object, name);
}

Result<Value> item_of(Runtime& rt, const Value& object, const Value& key) {
  if (object.is_undefined()) return undefined_error(object);
  LOCI_TRY(std::optional<Value> found, python_item(rt, object, key));
  if (found) return std::move(*found);
  if (const Text* name = key.text()) {
    found = python_attribute(object, name->bytes);
    return found ? std::move(*found) : missing_attribute(object, name->bytes);
  }
  if (key.is_undefined()) return undefined_error(key);
  TextBuilder shown(rt);
  LOCI_TRY_VOID(repr_to(shown, rt, key));
  return Value::undefined(fmt::format("{} has no element {}", owner(object), shown.take().substr(0, 200)));
}

Result<Value> slice_of(Runtime& rt, const Value& object, const Value& start, const Value& stop,
                       const Value& step) {
  if (object.is_undefined()) return undefined_error(object);
  const Text* t = object.text();
  const Sequence* s = object.sequence();
  if (!t && (!s || s->is_view()))
    return Value::undefined(fmt::format("{} has no element slice", owner(object)));
  const std::size_t length = t ? t->length : s->items.size();
  LOCI_TRY(const Bounds bounds, slice_bounds(static_cast<std::int64_t>(length), start, stop, step));
  if (t) return slice_text(rt, *t, bounds);
  LOCI_TRY_VOID(rt.spend(length / 8));
  std::vector<Value> out;
  for_each_index(bounds, [&](std::size_t i) { out.push_back(s->items[i]); });
  return rt.sequence(std::move(out), s->kind);
}

Result<Value> path_of(Runtime& rt, const Value& object, const Value& path) {
  const Text* names = path.text();
  if (!names) return item_of(rt, object, path);
  Value at = object;
  std::string_view rest = names->bytes;
  for (bool more = true; more;) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    more = dot != std::string_view::npos;
    if (more) rest.remove_prefix(dot + 1);
    std::int64_t index = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    if (!part.empty() && error == std::errc() && stop == part.data() + part.size()) {
      LOCI_TRY(at, item_of(rt, at, Value(index)));
    } else {
      LOCI_TRY(const Value key, rt.text(std::string(part)));
      LOCI_TRY(at, item_of(rt, at, key));
    }
  }
  return at;
}

}  // namespace loci::jinja
