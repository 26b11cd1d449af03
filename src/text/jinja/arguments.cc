// How built-ins take their arguments, and what they may iterate over.
#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {

Result<void> bind_arguments(const CallArgs& args, std::string_view what,
                            std::span<const std::string_view> names, std::span<const Value*> into,
                            std::size_t required) {
  if (args.positional.size() > names.size()) {
    return type_error("{}() takes at most {} arguments ({} given)", what, names.size(),
                      args.positional.size());
  }
  for (std::size_t i = 0; i < args.positional.size(); ++i) into[i] = &args.positional[i];
  for (const auto& [name, value] : args.named) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) return type_error("{}() got an unexpected keyword argument '{}'", what, name);
    const auto place = static_cast<std::size_t>(at - names.begin());
    if (into[place]) return type_error("{}() got multiple values for argument '{}'", what, name);
    into[place] = &value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (!into[i]) return type_error("{}() missing required argument '{}'", what, names[i]);
  }
  return {};
}

Result<void> no_arguments(const CallArgs& args, std::string_view what) {
  if (args.positional.empty() && args.named.empty()) return {};
  return type_error("{}() takes no arguments ({} given)", what, args.positional.size() + args.named.size());
}

Result<std::int64_t> integer_or(const Value* v, std::int64_t fallback, std::string_view what) {
  if (!v) return fallback;
  if (const auto i = v->integer()) return *i;
  if (v->is_undefined()) return undefined_error(*v);
  return type_error("{} must be an integer, not {}", what, type_name(*v));
}

Result<std::string_view> text_or(const Value* v, std::string_view fallback, std::string_view what) {
  if (!v || v->is_none()) return fallback;
  if (const Text* t = v->text()) return std::string_view(t->bytes);
  if (v->is_undefined()) return undefined_error(*v);
  return type_error("{} must be a string, not {}", what, type_name(*v));
}

Result<std::vector<Value>> iterate(Runtime& rt, const Value& v) {
  std::vector<Value> out;
  if (const Sequence* s = v.sequence()) {
    LOCI_TRY_VOID(rt.spend(s->items.size() / 8));
    return s->items;
  }
  if (const Dict* d = v.dict()) {
    LOCI_TRY_VOID(rt.spend(d->entries.size() / 8));
    for (const DictEntry& entry : d->entries) out.push_back(entry.key);
    return out;
  }
  if (Generator* g = v.generator()) {
    LOCI_TRY_VOID(rt.spend(g->items->items.size() / 8));
    out.assign(g->items->items.begin() + static_cast<std::ptrdiff_t>(g->next), g->items->items.end());
    g->next = g->items->items.size();
    return out;
  }
  if (const Text* t = v.text()) {
    LOCI_TRY_VOID(rt.spend(t->length));
    LOCI_TRY_VOID(rt.reserve(t->length * (sizeof(Value) + 2 * sizeof(Text))));
    for (std::string_view rest = t->bytes; !rest.empty();) {
      const std::size_t size = first_code_point(rest).size;
      LOCI_TRY(Value one, rt.text(std::string(rest.substr(0, size)), t->markup));
      out.push_back(std::move(one));
      rest.remove_prefix(size);
    }
    return out;
  }
  if (v.is_undefined()) return out;
  return type_error("'{}' object is not iterable", type_name(v));
}

}  // namespace loci::jinja
