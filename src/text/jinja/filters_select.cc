// Filters that apply other filters and tests: map, select, reject, selectattr, rejectattr. They give
// generators.
#include "text/jinja/filters.h"
#include "text/jinja/subscript.h"

namespace loci::jinja {
namespace {

/// The arguments after the first `count`, for the filter or test that they name.
CallArgs rest_of(const CallArgs& args, std::size_t count) {
  CallArgs rest;
  if (args.positional.size() > count) {
    rest.positional.assign(args.positional.begin() + static_cast<std::ptrdiff_t>(count),
                           args.positional.end());
  }
  rest.named = args.named;
  return rest;
}

Result<Value> map_attribute(Runtime& rt, const Value& input, const CallArgs& args) {
  if (!args.positional.empty()) return type_error("map takes a filter or attribute=, not both");
  LOCI_TRY(const auto a, bind(args, "map", {"attribute", "default"}));
  LOCI_TRY(const std::vector<Value> items, iterate(rt, input));
  std::vector<Value> out;
  for (const Value& item : items) {
    LOCI_TRY_VOID(rt.spend());
    LOCI_TRY(Value part, path_of(rt, item, *a[0]));
    out.push_back(part.is_undefined() && a[1] ? *a[1] : std::move(part));
  }
  return rt.generator(std::move(out));
}

Result<Value> map(Runtime& rt, const Value& input, const CallArgs& args) {
  if (!is_true(input)) return rt.generator({});
  for (const auto& [name, value] : args.named) {
    if (name == "attribute") return map_attribute(rt, input, args);
  }
  if (args.positional.empty()) return type_error("map requires a filter argument");
  LOCI_TRY(const std::string_view name, text_or(&args.positional[0], "", "map's filter"));
  const FilterEntry* filter = find_filter(name);
  if (!filter) return type_error("No filter named '{}'.", name);
  const CallArgs rest = rest_of(args, 1);
  LOCI_TRY(const std::vector<Value> items, iterate(rt, input));
  std::vector<Value> out;
  for (const Value& item : items) {
    LOCI_TRY_VOID(rt.spend());
    LOCI_TRY(Value made, filter->apply(rt, item, rest));
    out.push_back(std::move(made));
  }
  return rt.generator(std::move(out));
}

/// What decides whether an item stays: a test, or the item's truth.
class Decision {
 public:
  static Result<Decision> make(const CallArgs& args, std::size_t at) {
    Decision decision;
    if (args.positional.size() > at) {
      LOCI_TRY(const std::string_view name, text_or(&args.positional[at], "", "the test's name"));
      decision.test_ = find_test(name);
      if (!decision.test_) return type_error("No test named '{}'.", name);
      decision.args_ = rest_of(args, at + 1);
    }
    return decision;
  }
  Result<bool> keeps(Runtime& rt, const Value& v) const {
    LOCI_TRY_VOID(rt.spend());
    if (!test_) return is_true(v);
    return test_->holds(rt, v, args_);
  }

 private:
  const TestEntry* test_ = nullptr;
  CallArgs args_;
};

template <bool wanted, bool by_attribute>
Result<Value> select(Runtime& rt, const Value& input, const CallArgs& args) {
  if (!is_true(input)) return rt.generator({});
  if (by_attribute && args.positional.empty()) return type_error("Missing parameter for attribute name");
  LOCI_TRY(const Decision decision, Decision::make(args, by_attribute ? 1 : 0));
  LOCI_TRY(const std::vector<Value> items, iterate(rt, input));
  std::vector<Value> out;
  for (const Value& item : items) {
    Value judged = item;
    if (by_attribute) {
      LOCI_TRY(judged, path_of(rt, item, args.positional[0]));
    }
    LOCI_TRY(const bool keeps, decision.keeps(rt, judged));
    if (keeps == wanted) out.push_back(item);
  }
  return rt.generator(std::move(out));
}

constexpr FilterEntry kFilters[] = {
    {"map", map},
    {"select", select<true, false>},
    {"reject", select<false, false>},
    {"selectattr", select<true, true>},
    {"rejectattr", select<false, true>},
};

}  // namespace

std::span<const FilterEntry> selection_filters() {
  return kFilters;
}

}  // namespace loci::jinja
