#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/format.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

std::unexpected<Error> bad_operands(std::string_view op, const Value& a, const Value& b) {
  if (a.is_undefined()) return undefined_error(a);
  if (b.is_undefined()) return undefined_error(b);
  return type_error("unsupported operand type(s) for {}: '{}' and '{}'", op, type_name(a), type_name(b));
}

std::unexpected<Error> overflow() {
  return type_error("the integer result needs more than 64 bits");
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

double float_modulo(double a, double b) {
  const double r = std::fmod(a, b);
  if (r != 0) return (r < 0) != (b < 0) ? r + b : r;
  return std::copysign(0.0, b);
}

Result<Value> integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return overflow();
  }
  return Value(result);
}

Result<Value> integer_arithmetic(ArithmeticOp op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case ArithmeticOp::kAdd:
      if (__builtin_add_overflow(a, b, &result)) return overflow();
      return Value(result);
    case ArithmeticOp::kSubtract:
      if (__builtin_sub_overflow(a, b, &result)) return overflow();
      return Value(result);
    case ArithmeticOp::kMultiply:
      if (__builtin_mul_overflow(a, b, &result)) return overflow();
      return Value(result);
    case ArithmeticOp::kPower:
      if (b < 0) return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
      return integer_power(a, b);
    default:
      break;
  }
  if (b == 0) return type_error("division by zero");
  if (op == ArithmeticOp::kDivide) return Value(static_cast<double>(a) / static_cast<double>(b));
  if (b == -1) return op == ArithmeticOp::kModulo ? Value(std::int64_t{0}) : negate(Value(a));
  const std::int64_t quotient = floor_divide(a, b);
  return Value(op == ArithmeticOp::kModulo ? a - quotient * b : quotient);
}

Result<Value> float_arithmetic(ArithmeticOp op, double a, double b) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return Value(a + b);
    case ArithmeticOp::kSubtract:
      return Value(a - b);
    case ArithmeticOp::kMultiply:
      return Value(a * b);
    case ArithmeticOp::kPower:
      return Value(std::pow(a, b));
    default:
      break;
  }
  if (b == 0) return type_error("float division by zero");
  if (op == ArithmeticOp::kDivide) return Value(a / b);
  if (op == ArithmeticOp::kModulo) return Value(float_modulo(a, b));
  return Value(std::floor(a / b));
}

Result<Value> add_texts(Runtime& rt, const Value& a, const Value& b) {
  if (a.text()->markup != b.text()->markup) {
    LOCI_TRY(const Value left, escape_html(rt, a));
    LOCI_TRY(const Value right, escape_html(rt, b));
    return add_texts(rt, left, right);
  }
  TextBuilder out(rt);
  LOCI_TRY_VOID(out.append(a.text()->bytes));
  LOCI_TRY_VOID(out.append(b.text()->bytes));
  return out.finish(a.text()->markup);
}

bool is_list_or_tuple(const Value& v) {
  return v.sequence() &&
         (v.sequence()->kind == SequenceKind::kList || v.sequence()->kind == SequenceKind::kTuple);
}

Result<Value> add(Runtime& rt, const Value& a, const Value& b) {
  if (a.text() && b.text()) return add_texts(rt, a, b);
  if (is_list_or_tuple(a) && is_list_or_tuple(b) && a.sequence()->kind == b.sequence()->kind) {
    std::vector<Value> items = a.sequence()->items;
    items.insert(items.end(), b.sequence()->items.begin(), b.sequence()->items.end());
    return rt.sequence(std::move(items), a.sequence()->kind);
  }
  if (a.text() && !b.is_undefined()) {
    return type_error("can only concatenate str (not \"{}\") to str", type_name(b));
  }
  return bad_operands("+", a, b);
}

Result<Value> repeat(Runtime& rt, const Value& what, std::int64_t times) {
  const std::size_t size =
      what.text() ? what.text()->bytes.size() : what.sequence()->items.size() * sizeof(Value);
  const auto count = size == 0 ? 0 : static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  if (count > 0 && size > rt.room() / count) return rt.out_of_room();
  LOCI_TRY_VOID(rt.spend(count + size * count / 256));
  if (const Text* t = what.text()) {
    std::string out;
    out.reserve(size * count);
    for (std::size_t i = 0; i < count; ++i) out += t->bytes;
    return rt.text(std::move(out), t->markup);
  }
  const std::vector<Value>& items = what.sequence()->items;
  std::vector<Value> out;
  out.reserve(items.size() * count);
  for (std::size_t i = 0; i < count; ++i) out.insert(out.end(), items.begin(), items.end());
  return rt.sequence(std::move(out), what.sequence()->kind);
}

bool repeatable(const Value& v) {
  return v.text() || is_list_or_tuple(v);
}

std::string_view symbol(ArithmeticOp op) {
  constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};
  return kSymbols[static_cast<std::size_t>(op)];
}

std::string_view symbol(CompareOp op) {
  constexpr std::string_view kSymbols[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return kSymbols[static_cast<std::size_t>(op)];
}

Result<bool> equal_items(Runtime& rt, const std::vector<Value>& a, const std::vector<Value>& b) {
  if (&a == &b) return true;
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    LOCI_TRY(const bool same, equals(rt, a[i], b[i]));
    if (!same) return false;
  }
  return true;
}

Result<bool> equal_dicts(Runtime& rt, const Dict& a, const Dict& b) {
  if (&a == &b) return true;
  if (a.entries.size() != b.entries.size()) return false;
  for (const DictEntry& entry : a.entries) {
    LOCI_TRY(const Value* other, rt.find(b, entry.key));
    if (!other) return false;
    LOCI_TRY(const bool same, equals(rt, entry.value, *other));
    if (!same) return false;
  }
  return true;
}

/// -1, 0, 1; for numbers, texts and lists. `op` is for the error.
Result<std::partial_ordering> order(Runtime& rt, const Value& a, const Value& b, std::string_view op) {
  LOCI_TRY_VOID(rt.spend());
  if (a.number() && b.number()) return compare_numbers(a, b);
  if (a.text() && b.text()) {
    LOCI_TRY_VOID(rt.spend(std::min(a.text()->bytes.size(), b.text()->bytes.size()) / 256));
    return a.text()->bytes.compare(b.text()->bytes) <=> 0;
  }
  if (!is_list_or_tuple(a) || !is_list_or_tuple(b) || a.sequence()->kind != b.sequence()->kind) {
    if (a.is_undefined()) return undefined_error(a);
    if (b.is_undefined()) return undefined_error(b);
    return type_error("'{}' not supported between instances of '{}' and '{}'", op, type_name(a),
                      type_name(b));
  }
  const auto& left = a.sequence()->items;
  const auto& right = b.sequence()->items;
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    LOCI_TRY(const bool same, equals(rt, left[i], right[i]));
    if (!same) return order(rt, left[i], right[i], op);
  }
  return left.size() <=> right.size();
}

}  // namespace

Result<Value> negate(const Value& v) {
  if (const double* d = v.real()) return Value(-*d);
  if (const auto i = v.integer()) return integer_arithmetic(ArithmeticOp::kSubtract, 0, *i);
  if (v.is_undefined()) return undefined_error(v);
  return type_error("bad operand type for unary -: '{}'", type_name(v));
}

Result<Value> arithmetic(Runtime& rt, ArithmeticOp op, const Value& a, const Value& b) {
  const auto ai = a.integer(), bi = b.integer();
  if (ai && bi) return integer_arithmetic(op, *ai, *bi);
  if (a.number() && b.number()) return float_arithmetic(op, *a.number(), *b.number());
  if (op == ArithmeticOp::kAdd) return add(rt, a, b);
  if (op == ArithmeticOp::kMultiply && repeatable(a) && bi) return repeat(rt, a, *bi);
  if (op == ArithmeticOp::kMultiply && repeatable(b) && ai) return repeat(rt, b, *ai);
  if (op == ArithmeticOp::kModulo && a.text()) return format_percent(rt, a, b);
  return bad_operands(symbol(op), a, b);
}

Result<bool> equals(Runtime& rt, const Value& a, const Value& b) {
  LOCI_TRY_VOID(rt.spend());
  if (a.number() && b.number()) return compare_numbers(a, b) == 0;
  if (a.text() && b.text()) {
    LOCI_TRY_VOID(rt.spend(std::min(a.text()->bytes.size(), b.text()->bytes.size()) / 256));
    return a.text()->bytes == b.text()->bytes;
  }
  if (a.sequence() && b.sequence()) {
    if (a.sequence()->kind != b.sequence()->kind) return false;
    return equal_items(rt, a.sequence()->items, b.sequence()->items);
  }
  if (a.dict() && b.dict()) return equal_dicts(rt, *a.dict(), *b.dict());
  if (a.object() || b.object()) return a.object() == b.object();
  if (a.generator() || b.generator()) return a.generator() == b.generator();
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

Result<bool> less(Runtime& rt, const Value& a, const Value& b) {
  return compare(rt, CompareOp::kLess, a, b);
}

Result<bool> compare(Runtime& rt, CompareOp op, const Value& a, const Value& b) {
  if (op == CompareOp::kEqual || op == CompareOp::kNotEqual) {
    LOCI_TRY(const bool same, equals(rt, a, b));
    return same == (op == CompareOp::kEqual);
  }
  if (op == CompareOp::kIn || op == CompareOp::kNotIn) {
    LOCI_TRY(const bool inside, contains(rt, b, a));
    return inside == (op == CompareOp::kIn);
  }
  LOCI_TRY(const std::partial_ordering sign, order(rt, a, b, symbol(op)));
  switch (op) {
    case CompareOp::kLess:
      return sign < 0;
    case CompareOp::kLessEqual:
      return sign <= 0;
    case CompareOp::kGreater:
      return sign > 0;
    default:
      return sign >= 0;
  }
}

Result<bool> contains(Runtime& rt, const Value& container, const Value& item) {
  if (const Text* t = container.text()) {
    if (item.is_undefined()) return undefined_error(item);
    if (!item.text()) {
      return type_error("'in <string>' requires string as left operand, not {}", type_name(item));
    }
    LOCI_TRY_VOID(rt.spend(t->bytes.size() / 16));
    return find_bytes(t->bytes, item.text()->bytes) != std::string_view::npos;
  }
  if (const Dict* d = container.dict()) {
    if (!is_dict_key(item)) return type_error("unhashable type: '{}'", type_name(item));
    LOCI_TRY(const Value* found, rt.find(*d, item));
    return found != nullptr;
  }
  const Sequence* s = container.sequence();
  if (const Generator* g = container.generator()) s = g->items.get();
  if (container.is_undefined()) return false;
  if (!s) return type_error("argument of type '{}' is not iterable", type_name(container));
  for (const Value& each : s->items) {
    LOCI_TRY(const bool same, equals(rt, each, item));
    if (same) return true;
  }
  return false;
}

Result<Value> escape_html(Runtime& rt, const Value& v) {
  if (v.text() && v.text()->markup) return v;
  LOCI_TRY(const std::string plain, to_string(rt, v));
  TextBuilder out(rt);
  LOCI_TRY_VOID(rt.spend(plain.size() / 16));
  std::size_t run = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    std::string_view entity;
    switch (plain[i]) {
      case '&':
        entity = "&amp;";
        break;
      case '<':
        entity = "&lt;";
        break;
      case '>':
        entity = "&gt;";
        break;
      case '"':
        entity = "&#34;";
        break;
      case '\'':
        entity = "&#39;";
        break;
      default:
        continue;
    }
    LOCI_TRY_VOID(out.append(std::string_view(plain).substr(run, i - run)));
    LOCI_TRY_VOID(out.append(entity));
    run = i + 1;
  }
  LOCI_TRY_VOID(out.append(std::string_view(plain).substr(run)));
  return out.finish(true);
}

}  // namespace loci::jinja
