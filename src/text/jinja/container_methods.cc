// Methods of dict, list and tuple, and of the objects; and the lookup of all methods.
#include <algorithm>

#include "text/jinja/objects.h"
#include "text/jinja/operators.h"
#include "text/jinja/string_methods.h"

namespace loci::jinja {
namespace {

Result<Value> get(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "get", {"key", "default"}, 1));
  if (!is_dict_key(*a[0])) {
    if (a[0]->is_undefined()) return a[1] ? *a[1] : Value(None{});  // hashable in Python, and not in the dict
    return type_error("unhashable type: '{}'", type_name(*a[0]));
  }
  LOCI_TRY(const Value* found, rt.find(*self.dict(), *a[0]));
  if (found) return *found;
  return a[1] ? *a[1] : Value(None{});
}

template <SequenceKind kind>
Result<Value> view(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the method"));
  std::vector<Value> out;
  LOCI_TRY_VOID(rt.spend(self.dict()->entries.size()));
  for (const DictEntry& entry : self.dict()->entries) {
    if (kind == SequenceKind::kKeys) out.push_back(entry.key);
    if (kind == SequenceKind::kValues) out.push_back(entry.value);
    if (kind != SequenceKind::kItems) continue;
    LOCI_TRY(Value pair, rt.sequence({entry.key, entry.value}, SequenceKind::kTuple));
    out.push_back(std::move(pair));
  }
  return rt.sequence(std::move(out), kind);
}

Result<Value> copy(Runtime&, const Value& self, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "copy"));
  return self;
}

Result<Value> index(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "index", {"value"}, 1));
  const std::vector<Value>& items = self.sequence()->items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    LOCI_TRY(const bool same, equals(rt, items[i], *a[0]));
    if (same) return Value(static_cast<std::int64_t>(i));
  }
  return type_error("the value is not in the list");
}

Result<Value> count(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "count", {"value"}, 1));
  std::int64_t found = 0;
  for (const Value& item : self.sequence()->items) {
    LOCI_TRY(const bool same, equals(rt, item, *a[0]));
    found += same ? 1 : 0;
  }
  return Value(found);
}

Result<Value> cycler_next(Runtime&, const Value& self, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "next"));
  return static_cast<Cycler*>(self.object())->next();
}

Result<Value> cycler_reset(Runtime&, const Value& self, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "reset"));
  static_cast<Cycler*>(self.object())->reset();
  return Value(None{});
}

constexpr MethodEntry kDictMethods[] = {{"copy", copy},
                                        {"get", get},
                                        {"items", view<SequenceKind::kItems>},
                                        {"keys", view<SequenceKind::kKeys>},
                                        {"values", view<SequenceKind::kValues>}};
constexpr MethodEntry kListMethods[] = {{"copy", copy}, {"count", count}, {"index", index}};
constexpr MethodEntry kTupleMethods[] = {{"count", count}, {"index", index}};
constexpr MethodEntry kCyclerMethods[] = {{"next", cycler_next}, {"reset", cycler_reset}};

std::span<const MethodEntry> methods_of(const Value& self) {
  if (self.text()) return string_methods();
  if (self.dict()) return kDictMethods;
  if (const Object* o = self.object()) return o->methods();
  const Sequence* s = self.sequence();
  if (!s || s->is_view()) return {};
  return s->kind == SequenceKind::kList ? std::span<const MethodEntry>(kListMethods) : kTupleMethods;
}

}  // namespace

std::span<const MethodEntry> Cycler::methods() const {
  return kCyclerMethods;
}

const MethodEntry* find_method(const Value& self, std::string_view name) {
  for (const MethodEntry& entry : methods_of(self)) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace loci::jinja
