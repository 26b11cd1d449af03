// Evaluation of expressions.
#include "text/jinja/interpreter.h"
#include "text/jinja/interpreter_depth.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/subscript.h"

namespace loci::jinja {

Result<Value> Interpreter::evaluate(const Expr& e) {
  const Deeper deeper(*this);
  LOCI_TRY_VOID(deeper.check());
  LOCI_TRY_VOID(rt_.spend());
  line_ = e.line;
  return std::visit([this](const auto& node) { return evaluate(node); }, e.node);
}

Result<Value> Interpreter::lookup(Symbol name) {
  for (const Scope* scope = scope_.get(); scope; scope = scope->parent()) {
    if (const Value* found = scope->find(name)) return *found;
    LOCI_TRY_VOID(rt_.spend(scope->size() / 8));
  }
  if (const auto& found = outermost_[name]) return *found;
  return Value::undefined(fmt::format("'{}' is undefined", program_.symbols[name].substr(0, 200)));
}

Result<std::vector<Value>> Interpreter::evaluate_all(const std::vector<ExprPtr>& items) {
  std::vector<Value> out;
  out.reserve(items.size());
  for (const ExprPtr& item : items) {
    LOCI_TRY(Value value, evaluate(*item));
    out.push_back(std::move(value));
  }
  return out;
}

Result<Value> Interpreter::evaluate_or_none(const ExprPtr& e) {
  if (!e) return Value(None{});
  return evaluate(*e);
}

Result<Value> Interpreter::evaluate(const TupleExpr& e) {
  LOCI_TRY(std::vector<Value> items, evaluate_all(e.items));
  return rt_.sequence(std::move(items), SequenceKind::kTuple);
}

Result<Value> Interpreter::evaluate(const ListExpr& e) {
  LOCI_TRY(std::vector<Value> items, evaluate_all(e.items));
  return rt_.sequence(std::move(items));
}

Result<Value> Interpreter::evaluate(const DictExpr& e) {
  std::vector<DictEntry> entries;
  for (const auto& [key, value] : e.items) {
    LOCI_TRY(Value k, evaluate(*key));
    LOCI_TRY(Value v, evaluate(*value));
    entries.push_back({std::move(k), std::move(v)});
  }
  return rt_.dict(std::move(entries));
}

Result<Value> Interpreter::evaluate(const UnaryExpr& e) {
  LOCI_TRY(Value operand, evaluate(*e.operand));
  if (e.op == UnaryOp::kNot) return Value(!is_true(operand));
  if (e.op == UnaryOp::kNegate) return negate(operand);
  if (operand.is_undefined()) return undefined_error(operand);
  if (!operand.number()) return type_error("bad operand type for unary +: '{}'", type_name(operand));
  return operand.boolean() ? Value(*operand.integer()) : operand;
}

Result<Value> Interpreter::evaluate(const ArithmeticExpr& e) {
  LOCI_TRY(Value total, evaluate(*e.first));
  for (const auto& [op, operand] : e.rest) {
    LOCI_TRY(const Value next, evaluate(*operand));
    LOCI_TRY(total, arithmetic(rt_, op, total, next));
  }
  return total;
}

Result<Value> Interpreter::evaluate(const ConcatExpr& e) {
  LOCI_TRY(const std::vector<Value> items, evaluate_all(e.items));
  TextBuilder out(rt_);
  for (const Value& item : items) LOCI_TRY_VOID(print_to(out, rt_, item));
  return out.finish();
}

Result<Value> Interpreter::evaluate(const LogicExpr& e) {
  Value last;
  for (const ExprPtr& item : e.items) {
    LOCI_TRY(last, evaluate(*item));
    if (is_true(last) == e.is_or) break;
  }
  return last;
}

Result<Value> Interpreter::evaluate(const CompareExpr& e) {
  LOCI_TRY(Value left, evaluate(*e.first));
  for (const auto& [op, operand] : e.rest) {
    LOCI_TRY(Value right, evaluate(*operand));
    LOCI_TRY(const bool holds, compare(rt_, op, left, right));
    if (!holds) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Result<Value> Interpreter::evaluate(const ConditionalExpr& e) {
  LOCI_TRY(const Value condition, evaluate(*e.condition));
  if (is_true(condition)) return evaluate(*e.then);
  if (e.otherwise) return evaluate(*e.otherwise);
  return Value::undefined(
      fmt::format("the inline if-expression on line {} evaluated to false and no else section was defined",
                  e.condition->line));
}

Result<Value> Interpreter::evaluate(const AttributeExpr& e) {
  LOCI_TRY(const Value object, evaluate(*e.object));
  return attribute_of(rt_, object, e.name);
}

Result<Value> Interpreter::evaluate(const ItemExpr& e) {
  LOCI_TRY(const Value object, evaluate(*e.object));
  LOCI_TRY(const Value key, evaluate(*e.key));
  return item_of(rt_, object, key);
}

Result<Value> Interpreter::evaluate(const SliceExpr& e) {
  LOCI_TRY(const Value object, evaluate(*e.object));
  LOCI_TRY(const Value start, evaluate_or_none(e.start));
  LOCI_TRY(const Value stop, evaluate_or_none(e.stop));
  LOCI_TRY(const Value step, evaluate_or_none(e.step));
  return slice_of(rt_, object, start, stop, step);
}

Result<CallArgs> Interpreter::evaluate(const Arguments& arguments) {
  CallArgs args;
  LOCI_TRY(args.positional, evaluate_all(arguments.positional));
  for (const auto& [name, expression] : arguments.named) {
    LOCI_TRY(Value value, evaluate(*expression));
    LOCI_TRY_VOID(rt_.spend(name.size() / 16));
    args.named.emplace_back(name, std::move(value));
  }
  if (arguments.star) {
    LOCI_TRY(const Value star, evaluate(*arguments.star));
    LOCI_TRY(const std::vector<Value> more, iterate(rt_, star));
    args.positional.insert(args.positional.end(), more.begin(), more.end());
  }
  if (arguments.star_star) {
    LOCI_TRY(const Value named, evaluate(*arguments.star_star));
    if (!named.dict()) return type_error("argument after ** must be a mapping, not {}", type_name(named));
    for (const DictEntry& entry : named.dict()->entries) {
      if (!entry.key.text()) return type_error("keywords must be strings");
      LOCI_TRY_VOID(rt_.spend());
      args.named.emplace_back(entry.key.text()->bytes, entry.value);
    }
  }
  return args;
}

Result<Value> Interpreter::call(const Value& callee, const CallArgs& args) {
  if (callee.is_undefined()) return undefined_error(callee);
  if (Object* object = callee.object()) return object->call(rt_, args);
  return type_error("'{}' object is not callable", type_name(callee));
}

Result<Value> Interpreter::evaluate(const CallExpr& e) {
  LOCI_TRY(const Value callee, evaluate(*e.callee));
  LOCI_TRY(const CallArgs args, evaluate(e.arguments));
  return call(callee, args);
}

Result<Value> Interpreter::evaluate(const FilterExpr& e) {
  if (!e.filter) return type_error("No filter named '{}'.", e.name);
  Value input;
  if (e.input) {
    LOCI_TRY(input, evaluate(*e.input));
  } else {
    input = *filter_head_;
  }
  LOCI_TRY(const CallArgs args, evaluate(e.arguments));
  return e.filter->apply(rt_, input, args);
}

Result<Value> Interpreter::evaluate(const TestExpr& e) {
  if (!e.test) return type_error("No test named '{}'.", e.name);
  LOCI_TRY(const Value input, evaluate(*e.input));
  LOCI_TRY(const CallArgs args, evaluate(e.arguments));
  LOCI_TRY(const bool holds, e.test->holds(rt_, input, args));
  return Value(holds != e.negated);
}

}  // namespace loci::jinja
