#include "text/jinja/value.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {

std::optional<std::int64_t> Value::integer() const {
  if (const bool* b = boolean()) return *b ? 1 : 0;
  if (const std::int64_t* i = strict_integer()) return *i;
  return std::nullopt;
}

std::optional<double> Value::number() const {
  if (const double* d = real()) return *d;
  if (const auto i = integer()) return static_cast<double>(*i);
  return std::nullopt;
}

Text::Text(std::string b, bool m, Meter* meter)
    : bytes(std::move(b)),
      length(count_code_points(bytes)),
      markup(m),
      share_(meter, sizeof(Text) + bytes.capacity()) {}

namespace {

int depth_over(const std::vector<Value>& items) {
  int deepest = 0;
  for (const Value& v : items) deepest = std::max(deepest, depth_of(v));
  return deepest + 1;
}

int rank(const Value& v) {
  if (v.is_none()) return 0;
  return v.text() ? 2 : 1;
}

std::weak_ordering order_numbers(const Value& a, const Value& b) {
  const std::partial_ordering order = compare_numbers(a, b);
  if (order == std::partial_ordering::less) return std::weak_ordering::less;
  if (order == std::partial_ordering::greater) return std::weak_ordering::greater;
  if (order == std::partial_ordering::equivalent) return std::weak_ordering::equivalent;
  const bool a_nan = std::isnan(a.number().value_or(0)), b_nan = std::isnan(b.number().value_or(0));
  return b_nan <=> a_nan;  // a NaN comes before every number, and is one key
}

}  // namespace

Sequence::Sequence(std::vector<Value> v, SequenceKind k, Meter* meter)
    : items(std::move(v)),
      kind(k),
      depth(depth_over(items)),
      share_(meter, sizeof(Sequence) + items.capacity() * sizeof(Value)) {}

Dict::Dict(std::vector<DictEntry> e, Meter* meter)
    : entries(std::move(e)),
      depth(1),
      by_key_(entries.size()),
      share_(meter, sizeof(Dict) + entries.capacity() * (sizeof(DictEntry) + sizeof(std::uint32_t))) {
  std::iota(by_key_.begin(), by_key_.end(), 0u);
  const auto less = [this](std::uint32_t a, std::uint32_t b) {
    const int order = compare_keys(entries[a].key, entries[b].key);
    return order != 0 ? order < 0 : a < b;
  };
  std::sort(by_key_.begin(), by_key_.end(), less);
  std::vector<bool> dropped(entries.size());
  bool any_dropped = false;
  for (std::size_t i = 0, first = 0; i < by_key_.size(); ++i) {
    if (i == first || compare_keys(entries[by_key_[first]].key, entries[by_key_[i]].key) != 0) {
      first = i;
      continue;
    }
    entries[by_key_[first]].value = entries[by_key_[i]].value;
    dropped[by_key_[i]] = any_dropped = true;
  }
  if (any_dropped) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (dropped[i]) continue;
      if (kept != i) entries[kept] = std::move(entries[i]);
      ++kept;
    }
    entries.resize(kept);
    by_key_.resize(kept);
    std::iota(by_key_.begin(), by_key_.end(), 0u);
    std::sort(by_key_.begin(), by_key_.end(), less);
  }
  for (const DictEntry& entry : entries) depth = std::max(depth, 1 + depth_of(entry.value));
}

const Value* Dict::find(const Value& key) const {
  const auto at = std::partition_point(
      by_key_.begin(), by_key_.end(), [&](std::uint32_t i) { return compare_keys(entries[i].key, key) < 0; });
  if (at == by_key_.end() || compare_keys(entries[*at].key, key) != 0) return nullptr;
  return &entries[*at].value;
}

const Value* Dict::find(std::string_view key) const {
  const auto at = std::partition_point(by_key_.begin(), by_key_.end(), [&](std::uint32_t i) {
    const Text* text = entries[i].key.text();
    return !text || text->bytes < key;
  });
  if (at == by_key_.end() || entries[*at].key.text()->bytes != key) return nullptr;
  return &entries[*at].value;
}

Result<std::string> Object::repr(Runtime&) const {
  return fmt::format("<{}>", type_name());
}

Result<Value> Object::call(Runtime&, const CallArgs&) {
  return type_error("'{}' object is not callable", type_name());
}

bool is_dict_key(const Value& v) {
  return v.is_none() || v.text() || v.number();
}

int compare_keys(const Value& a, const Value& b) {
  LOCI_CHECK(is_dict_key(a) && is_dict_key(b));
  if (rank(a) != rank(b)) return rank(a) - rank(b);
  if (rank(a) == 0) return 0;
  if (a.text()) return a.text()->bytes.compare(b.text()->bytes);
  const std::weak_ordering order = order_numbers(a, b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  const auto ai = a.integer(), bi = b.integer();
  if (ai && bi) return *ai <=> *bi;
  // x87's 64-bit mantissa holds every int64 and every double exactly.
  static_assert(std::numeric_limits<long double>::digits >= 64);
  const auto wide = [](const Value& v, std::optional<std::int64_t> i) {
    return i ? static_cast<long double>(*i) : static_cast<long double>(*v.real());
  };
  return wide(a, ai) <=> wide(b, bi);
}

bool is_true(const Value& v) {
  if (v.is_undefined() || v.is_none()) return false;
  if (const auto n = v.number()) return *n != 0;
  if (const Text* t = v.text()) return !t->bytes.empty();
  if (const Sequence* s = v.sequence()) return !s->items.empty();
  if (const Dict* d = v.dict()) return !d->entries.empty();
  return true;
}

std::string_view type_name(const Value& v) {
  if (v.is_undefined()) return "Undefined";
  if (v.is_none()) return "NoneType";
  if (v.boolean()) return "bool";
  if (v.strict_integer()) return "int";
  if (v.real()) return "float";
  if (const Text* t = v.text()) return t->markup ? "Markup" : "str";
  if (v.dict()) return "dict";
  if (v.generator()) return "generator";
  if (const Object* o = v.object()) return o->type_name();
  constexpr std::string_view kNames[] = {"list", "tuple", "range", "dict_keys", "dict_values", "dict_items"};
  return kNames[static_cast<std::size_t>(v.sequence()->kind)];
}

std::unexpected<Error> undefined_error(const Value& v) {
  const Undefined* u = std::get_if<Undefined>(&v.storage());
  return type_error("{}", u && u->why ? *u->why : std::string("value is undefined"));
}

int depth_of(const Value& v) {
  if (const Sequence* s = v.sequence()) return s->depth;
  if (const Dict* d = v.dict()) return d->depth;
  if (const Generator* g = v.generator()) return g->items->depth + 1;
  if (const Object* o = v.object()) return o->depth();
  return 0;
}

}  // namespace loci::jinja
