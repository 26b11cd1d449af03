// Filters on sequences that keep their order: first, join, list, batch, ...
#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/subscript.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

Result<Value> first(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "first"));
  if (Generator* g = input.generator(); g && g->next < g->items->items.size())
    return g->items->items[g->next++];
  if (input.text()) return item_of(rt, input, Value(std::int64_t{0}));
  LOCI_TRY(std::vector<Value> items, iterate(rt, input));
  if (items.empty()) return Value::undefined("No first item, sequence was empty.");
  return std::move(items.front());
}

Result<Value> last(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "last"));
  if (input.generator()) return type_error("'generator' object is not reversible");
  if (input.text()) return item_of(rt, input, Value(std::int64_t{-1}));
  LOCI_TRY(std::vector<Value> items, iterate(rt, input));
  if (items.empty()) return Value::undefined("No last item, sequence was empty.");
  return std::move(items.back());
}

Result<Value> list(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "list"));
  LOCI_TRY(std::vector<Value> items, iterate(rt, input));
  return rt.sequence(std::move(items));
}

Result<Value> reverse(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "reverse"));
  if (input.text()) return slice_of(rt, input, Value(None{}), Value(None{}), Value(std::int64_t{-1}));
  LOCI_TRY(std::vector<Value> items, iterate(rt, input));
  std::reverse(items.begin(), items.end());
  return rt.generator(std::move(items));
}

Result<Value> join(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "join", {"d", "attribute"}));
  LOCI_TRY(const std::string separator, a[0] ? to_string(rt, *a[0]) : Result<std::string>(""));
  LOCI_TRY(const std::vector<Value> items, iterate(rt, input));
  TextBuilder out(rt);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) LOCI_TRY_VOID(out.append(separator));
    if (a[1] && !a[1]->is_none()) {
      LOCI_TRY(const Value part, path_of(rt, items[i], *a[1]));
      LOCI_TRY_VOID(print_to(out, rt, part));
    } else {
      LOCI_TRY_VOID(print_to(out, rt, items[i]));
    }
  }
  return out.finish();
}

Result<Value> items(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "items"));
  if (input.is_undefined()) return rt.generator({});
  if (!input.dict()) return type_error("Can only get item pairs from a mapping.");
  std::vector<Value> pairs;
  for (const DictEntry& entry : input.dict()->entries) {
    LOCI_TRY(Value pair, rt.sequence({entry.key, entry.value}, SequenceKind::kTuple));
    pairs.push_back(std::move(pair));
  }
  return rt.generator(std::move(pairs));
}

/// Lists of `linecount` items; the last one filled up where a filler is given.
Result<Value> batch(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "batch", {"linecount", "fill_with"}, 1));
  LOCI_TRY(const std::int64_t size, integer_or(a[0], 0, "linecount"));
  if (size < 1 || size > kMaxRange) return type_error("a batch of {} items", size);
  LOCI_TRY(const std::vector<Value> all, iterate(rt, input));
  std::vector<Value> batches;
  for (std::size_t at = 0; at < all.size(); at += static_cast<std::size_t>(size)) {
    const std::size_t end = std::min(all.size(), at + static_cast<std::size_t>(size));
    std::vector<Value> one(all.begin() + static_cast<std::ptrdiff_t>(at),
                           all.begin() + static_cast<std::ptrdiff_t>(end));
    if (a[1] && !a[1]->is_none()) one.resize(static_cast<std::size_t>(size), *a[1]);
    LOCI_TRY(Value made, rt.sequence(std::move(one)));
    batches.push_back(std::move(made));
  }
  return rt.generator(std::move(batches));
}

/// `slices` lists of nearly equal length; the short ones filled up where a filler is given.
Result<Value> slice(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "slice", {"slices", "fill_with"}, 1));
  LOCI_TRY(const std::int64_t count, integer_or(a[0], 0, "slices"));
  if (count < 1 || count > kMaxRange) return type_error("{} slices", count);
  LOCI_TRY(const std::vector<Value> all, iterate(rt, input));
  const auto slices = static_cast<std::size_t>(count);
  const std::size_t each = all.size() / slices, longer = all.size() % slices;
  std::vector<Value> out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < slices; ++i) {
    const std::size_t size = each + (i < longer ? 1 : 0);
    std::vector<Value> one(all.begin() + static_cast<std::ptrdiff_t>(at),
                           all.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    if (a[1] && !a[1]->is_none() && i >= longer) one.push_back(*a[1]);
    LOCI_TRY(Value made, rt.sequence(std::move(one)));
    out.push_back(std::move(made));
  }
  return rt.generator(std::move(out));
}

Result<Value> sum(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "sum", {"attribute", "start"}));
  Value total = a[1] ? *a[1] : Value(std::int64_t{0});
  if (total.text()) return type_error("sum() can't sum strings");
  LOCI_TRY(const std::vector<Value> all, iterate(rt, input));
  for (const Value& item : all) {
    LOCI_TRY_VOID(rt.spend(4));
    Value part = item;
    if (a[0] && !a[0]->is_none()) {
      LOCI_TRY(part, path_of(rt, item, *a[0]));
    }
    LOCI_TRY(total, arithmetic(rt, ArithmeticOp::kAdd, total, part));
  }
  return total;
}

Result<Value> attribute(Runtime& rt, const Value& input, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "attr", {"name"}, 1));
  LOCI_TRY(const std::string_view name, text_or(a[0], "", "attr's name"));
  if (input.is_undefined()) return undefined_error(input);
  // The attribute only, never the item: a dict has its methods and nothing else.
  if (input.dict() && !find_method(input, name)) {
    return Value::undefined(fmt::format("'dict object' has no attribute '{}'", name.substr(0, 200)));
  }
  return attribute_of(rt, input, name);
}

constexpr FilterEntry kFilters[] = {
    {"attr", attribute}, {"batch", batch}, {"first", first},     {"items", items}, {"join", join},
    {"last", last},      {"list", list},   {"reverse", reverse}, {"slice", slice}, {"sum", sum},
};

}  // namespace

std::span<const FilterEntry> sequence_filters() {
  return kFilters;
}

}  // namespace loci::jinja
