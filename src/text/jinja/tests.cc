// Tests: what stands after `is`.
#include <algorithm>
#include <cmath>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

/// A test of the value alone.
template <bool (*holds)(const Value&)>
Result<bool> plain(Runtime&, const Value& v, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the test"));
  return holds(v);
}

bool is_list_like(const Value& v) {
  return v.sequence() && !v.sequence()->is_view();
}

bool defined(const Value& v) {
  return !v.is_undefined();
}
bool undefined(const Value& v) {
  return v.is_undefined();
}
bool none(const Value& v) {
  return v.is_none();
}
bool boolean(const Value& v) {
  return v.boolean() != nullptr;
}
bool is_true_constant(const Value& v) {
  return v.boolean() && *v.boolean();
}
bool is_false_constant(const Value& v) {
  return v.boolean() && !*v.boolean();
}
bool integer(const Value& v) {
  return v.strict_integer() != nullptr;
}
bool real(const Value& v) {
  return v.real() != nullptr;
}
bool number(const Value& v) {
  return v.number().has_value();
}
bool string(const Value& v) {
  return v.text() != nullptr;
}
bool mapping(const Value& v) {
  return v.dict() != nullptr;
}
bool sequence(const Value& v) {
  return v.text() || v.dict() || is_list_like(v) || v.is_undefined();
}
bool iterable(const Value& v) {
  return sequence(v) || v.sequence() || v.generator();
}
bool callable(const Value& v) {
  return v.is_undefined() || (v.object() && v.object()->callable());
}
bool escaped(const Value& v) {
  return v.text() && v.text()->markup;
}

template <bool (*wanted)(char32_t), bool (*unwanted)(char32_t)>
Result<bool> cased(Runtime& rt, const Value& v, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the test"));
  LOCI_TRY(const std::string text, to_string(rt, v));
  LOCI_TRY_VOID(rt.spend(text.size() / 8));
  const std::u32string points = decode(text);
  return std::any_of(points.begin(), points.end(), wanted) &&
         std::none_of(points.begin(), points.end(), unwanted);
}

template <CompareOp op>
Result<bool> compared(Runtime& rt, const Value& v, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "the test", {"other"}, 1));
  return compare(rt, op, v, *a[0]);
}

Result<bool> same_as(Runtime& rt, const Value& v, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "sameas", {"other"}, 1));
  if (v.storage().index() != a[0]->storage().index()) return false;
  return equals(rt, v, *a[0]);
}

Result<bool> divisible_by(Runtime& rt, const Value& v, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "divisibleby", {"num"}, 1));
  LOCI_TRY(const Value rest, arithmetic(rt, ArithmeticOp::kModulo, v, *a[0]));
  return equals(rt, rest, Value(std::int64_t{0}));
}

template <int parity>
Result<bool> has_parity(Runtime& rt, const Value& v, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the test"));
  LOCI_TRY(const Value rest, arithmetic(rt, ArithmeticOp::kModulo, v, Value(std::int64_t{2})));
  return equals(rt, rest, Value(std::int64_t{parity}));
}

template <class Entry, const Entry* (*find)(std::string_view)>
Result<bool> exists(Runtime&, const Value& v, const CallArgs& args) {
  LOCI_TRY_VOID(no_arguments(args, "the test"));
  return v.text() && find(v.text()->bytes) != nullptr;
}

constexpr TestEntry kTests[] = {
    {"boolean", plain<boolean>},
    {"callable", plain<callable>},
    {"defined", plain<defined>},
    {"divisibleby", divisible_by},
    {"eq", compared<CompareOp::kEqual>},
    {"==", compared<CompareOp::kEqual>},
    {"equalto", compared<CompareOp::kEqual>},
    {"escaped", plain<escaped>},
    {"even", has_parity<0>},
    {"false", plain<is_false_constant>},
    {"filter", exists<FilterEntry, find_filter>},
    {"float", plain<real>},
    {"ge", compared<CompareOp::kGreaterEqual>},
    {">=", compared<CompareOp::kGreaterEqual>},
    {"gt", compared<CompareOp::kGreater>},
    {">", compared<CompareOp::kGreater>},
    {"greaterthan", compared<CompareOp::kGreater>},
    {"in", compared<CompareOp::kIn>},
    {"integer", plain<integer>},
    {"iterable", plain<iterable>},
    {"le", compared<CompareOp::kLessEqual>},
    {"<=", compared<CompareOp::kLessEqual>},
    {"lessthan", compared<CompareOp::kLess>},
    {"lower", cased<is_lower, is_upper>},
    {"lt", compared<CompareOp::kLess>},
    {"<", compared<CompareOp::kLess>},
    {"mapping", plain<mapping>},
    {"ne", compared<CompareOp::kNotEqual>},
    {"!=", compared<CompareOp::kNotEqual>},
    {"none", plain<none>},
    {"number", plain<number>},
    {"odd", has_parity<1>},
    {"sameas", same_as},
    {"sequence", plain<sequence>},
    {"string", plain<string>},
    {"test", exists<TestEntry, find_test>},
    {"true", plain<is_true_constant>},
    {"undefined", plain<undefined>},
    {"upper", cased<is_upper, is_lower>},
};

}  // namespace

const TestEntry* find_test(std::string_view name) {
  const auto* at = std::find_if(std::begin(kTests), std::end(kTests),
                                [name](const TestEntry& entry) { return entry.name == name; });
  return at == std::end(kTests) ? nullptr : at;
}

}  // namespace loci::jinja
