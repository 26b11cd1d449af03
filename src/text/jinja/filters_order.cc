// Filters that compare items: sort, dictsort, unique, groupby, min, max.
#include <algorithm>
#include <set>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/subscript.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

struct Keyed {
  Value key, item;
};

/// Stable merge sort: a comparison may fail, and then all does; std::sort must not be fed one that changes
/// its mind.
Result<void> sort_by_key(Runtime& rt, std::vector<Keyed>& items, bool descending) {
  std::vector<Keyed> merged(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    for (std::size_t begin = 0; begin < items.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, items.size()),
                        end = std::min(begin + 2 * width, items.size());
      std::size_t left = begin, right = middle;
      for (std::size_t to = begin; to < end; ++to) {
        bool take_right = left == middle;
        if (left < middle && right < end) {
          const Value& a = items[right].key;
          const Value& b = items[left].key;
          LOCI_TRY(take_right, descending ? less(rt, b, a) : less(rt, a, b));
        }
        merged[to] = std::move(items[take_right ? right++ : left++]);
      }
    }
    std::swap(items, merged);
  }
  return {};
}

/// A text in lower case, unless case counts; anything else as it is.
Result<Value> folded(Runtime& rt, const Value& v, bool case_sensitive) {
  if (case_sensitive || !v.text()) return v;
  LOCI_TRY_VOID(rt.spend(v.text()->bytes.size() / 4));
  LOCI_TRY_VOID(rt.reserve(8 * v.text()->bytes.size()));
  return rt.text(to_lower(v.text()->bytes));
}

/// The key of an item: itself, its attribute, or a list of those ("a,b").
Result<Value> key_of(Runtime& rt, const Value& item, const Value* attribute, bool case_sensitive) {
  if (!attribute || attribute->is_none()) return folded(rt, item, case_sensitive);
  const Text* names = attribute->text();
  if (!names || names->bytes.find(',') == std::string::npos) {
    LOCI_TRY(const Value part, path_of(rt, item, *attribute));
    return folded(rt, part, case_sensitive);
  }
  std::vector<Value> parts;
  std::string_view rest = names->bytes;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    LOCI_TRY(const Value path, rt.text(std::string(rest.substr(0, comma))));
    LOCI_TRY(const Value part, path_of(rt, item, path));
    LOCI_TRY(Value one, folded(rt, part, case_sensitive));
    parts.push_back(std::move(one));
    if (more) rest.remove_prefix(comma + 1);
  }
  return rt.sequence(std::move(parts));
}

Result<std::vector<Keyed>> keyed_items(Runtime& rt, const Value& input, const Value* attribute,
                                       bool case_sensitive) {
  LOCI_TRY(std::vector<Value> items, iterate(rt, input));
  std::vector<Keyed> out;
  for (Value& item : items) {
    LOCI_TRY(Value key, key_of(rt, item, attribute, case_sensitive));
    out.push_back({std::move(key), std::move(item)});
  }
  return out;
}

Result<Value> sort(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "sort", {"reverse", "case_sensitive", "attribute"}));
  LOCI_TRY(std::vector<Keyed> items, keyed_items(rt, input, a[2], true_or(a[1], false)));
  LOCI_TRY_VOID(sort_by_key(rt, items, true_or(a[0], false)));
  std::vector<Value> out;
  for (Keyed& each : items) out.push_back(std::move(each.item));
  return rt.sequence(std::move(out));
}

Result<Value> dictsort(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "dictsort", {"case_sensitive", "by", "reverse"}));
  LOCI_TRY(const std::string_view by, text_or(a[1], "key", "by"));
  if (by != "key" && by != "value") return type_error("You can only sort by either \"key\" or \"value\"");
  if (input.is_undefined()) return undefined_error(input);
  if (!input.dict()) return type_error("'{}' object has no attribute 'items'", type_name(input));
  std::vector<Keyed> items;
  for (const DictEntry& entry : input.dict()->entries) {
    LOCI_TRY(Value pair, rt.sequence({entry.key, entry.value}, SequenceKind::kTuple));
    LOCI_TRY(Value key, folded(rt, by == "key" ? entry.key : entry.value, true_or(a[0], false)));
    items.push_back({std::move(key), std::move(pair)});
  }
  LOCI_TRY_VOID(sort_by_key(rt, items, true_or(a[2], false)));
  std::vector<Value> out;
  for (Keyed& each : items) out.push_back(std::move(each.item));
  return rt.sequence(std::move(out));
}

struct KeyLess {
  bool operator()(const Value& a, const Value& b) const { return compare_keys(a, b) < 0; }
};

Result<Value> unique(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "unique", {"case_sensitive", "attribute"}));
  LOCI_TRY(std::vector<Keyed> items, keyed_items(rt, input, a[1], true_or(a[0], false)));
  std::set<Value, KeyLess> seen;
  std::vector<Value> out;
  for (Keyed& each : items) {
    LOCI_TRY_VOID(rt.spend(8 + (each.key.text() ? each.key.text()->bytes.size() / 16 : 0)));
    if (!is_dict_key(each.key)) return type_error("unhashable type: '{}'", type_name(each.key));
    if (seen.insert(each.key).second) out.push_back(std::move(each.item));
  }
  return rt.generator(std::move(out));
}

/// Pairs of key and list, by key.
Result<Value> groupby(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "groupby", {"attribute", "default", "case_sensitive"}, 1));
  LOCI_TRY(std::vector<Keyed> items, keyed_items(rt, input, a[0], true_or(a[2], false)));
  for (Keyed& each : items) {
    if (each.key.is_undefined() && a[1]) each.key = *a[1];
  }
  LOCI_TRY_VOID(sort_by_key(rt, items, false));
  std::vector<Value> groups;
  for (std::size_t at = 0; at < items.size();) {
    std::vector<Value> members;
    const Value key = items[at].key;
    LOCI_TRY(const Value shown, key_of(rt, items[at].item, a[0], true));  // of the first, in its own case
    for (; at < items.size(); ++at) {
      LOCI_TRY(const bool same, equals(rt, items[at].key, key));
      if (!same) break;
      members.push_back(std::move(items[at].item));
    }
    LOCI_TRY(Value list, rt.sequence(std::move(members)));
    LOCI_TRY(Value group,
             rt.sequence({shown.is_undefined() ? key : shown, std::move(list)}, SequenceKind::kTuple));
    groups.push_back(std::move(group));
  }
  return rt.sequence(std::move(groups));
}

template <bool wants_max>
Result<Value> extreme(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, wants_max ? "max" : "min", {"case_sensitive", "attribute"}));
  LOCI_TRY(std::vector<Keyed> items, keyed_items(rt, input, a[1], true_or(a[0], false)));
  if (items.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  std::size_t best = 0;
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Value& one = items[wants_max ? best : i].key;
    const Value& other = items[wants_max ? i : best].key;
    LOCI_TRY(const bool better, less(rt, one, other));
    if (better) best = i;
  }
  return std::move(items[best].item);
}

constexpr FilterEntry kFilters[] = {
    {"dictsort", dictsort},  {"groupby", groupby}, {"max", extreme<true>},
    {"min", extreme<false>}, {"sort", sort},       {"unique", unique},
};

}  // namespace

std::span<const FilterEntry> order_filters() {
  return kFilters;
}

}  // namespace loci::jinja
