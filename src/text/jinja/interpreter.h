// Runs a program over a context.
//
// A tree walker; one per render. Names are looked up from the innermost scope outwards, then in the outermost
// table, which begins with the context and the built-in functions. A block scope opens for each iteration,
// macro call and captured block, never for `if`. Errors carry the line that was being run.
#pragma once

#include "text/jinja/scope.h"

namespace loci::jinja {

class Interpreter {
 public:
  /// `program` and `rt` outlive the interpreter and all values made by it.
  Interpreter(const Program& program, Runtime& rt, const Dict& context);

  Result<std::string> render();

  const std::string& name_of(Symbol symbol) const { return program_.symbols[symbol]; }
  /// What a macro call prints, as a text.
  Result<Value> call_macro(const Macro& macro, const CallArgs& args);
  /// What a loop prints for `items`, run within `scope`.
  Result<Value> loop_text(const ForStmt& loop, const std::shared_ptr<Scope>& scope, const Value& items,
                          std::int64_t level);

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class Deeper;

  Result<Flow> run(const Block& block);
  Result<Flow> run(const Stmt& statement);
  Result<Flow> run(const DataStmt& s);
  Result<Flow> run(const PrintStmt& s);
  Result<Flow> run(const SetStmt& s);
  Result<Flow> run(const SetBlockStmt& s);
  Result<Flow> run(const ForStmt& s);
  Result<Flow> run(const IfStmt& s);
  Result<Flow> run(const MacroStmt& s);
  Result<Flow> run(const CallStmt& s);
  Result<Flow> run(const FilterStmt& s);
  Result<Flow> run(const WithStmt& s);
  Result<Flow> run(const BreakStmt&) { return Flow::kBreak; }
  Result<Flow> run(const ContinueStmt&) { return Flow::kContinue; }

  Result<Value> evaluate(const Expr& e);
  Result<Value> evaluate(const Constant& e) { return e.value; }
  Result<Value> evaluate(const NameExpr& e) { return lookup(e.name); }
  Result<Value> evaluate(const TupleExpr& e);
  Result<Value> evaluate(const ListExpr& e);
  Result<Value> evaluate(const DictExpr& e);
  Result<Value> evaluate(const UnaryExpr& e);
  Result<Value> evaluate(const ArithmeticExpr& e);
  Result<Value> evaluate(const ConcatExpr& e);
  Result<Value> evaluate(const LogicExpr& e);
  Result<Value> evaluate(const CompareExpr& e);
  Result<Value> evaluate(const ConditionalExpr& e);
  Result<Value> evaluate(const AttributeExpr& e);
  Result<Value> evaluate(const ItemExpr& e);
  Result<Value> evaluate(const SliceExpr& e);
  Result<Value> evaluate(const CallExpr& e);
  Result<Value> evaluate(const FilterExpr& e);
  Result<Value> evaluate(const TestExpr& e);

  Result<std::vector<Value>> evaluate_all(const std::vector<ExprPtr>& items);
  Result<CallArgs> evaluate(const Arguments& arguments);
  Result<Value> evaluate_or_none(const ExprPtr& e);
  Result<Value> call(const Value& callee, const CallArgs& args);

  Result<Value> lookup(Symbol name);
  void set(Symbol name, Value value);
  Result<void> assign(const Target& target, const Value& value);
  Result<void> assign_parts(const std::vector<Target>& targets, const Value& value);

  Result<Flow> run_loop(const ForStmt& s, const Value& items, std::int64_t level);
  Result<std::vector<Value>> loop_items(const ForStmt& s, const Value& items);
  Result<void> bind_parameters(const MacroStmt& macro, const CallArgs& args);
  Result<void> bind_extras(const MacroStmt& macro, const CallArgs& args, const std::vector<bool>& used);
  Result<Value> make_macro(const MacroStmt& definition);

  Result<void> write(std::string_view text);
  /// Runs `block` in a scope of its own and gives what it printed.
  Result<Value> capture(const Block& block);
  Result<Value> filtered(const ExprPtr& filters, const Value& text);

  const Program& program_;
  Runtime& rt_;
  std::vector<std::optional<Value>> outermost_;  // by symbol
  std::shared_ptr<Scope> scope_;                 // null: the outermost
  std::string* out_ = nullptr;
  const Value* filter_head_ = nullptr;  // what the present filter block's chain begins with
  int depth_ = 0;
  std::uint32_t line_ = 0;
};

}  // namespace loci::jinja
