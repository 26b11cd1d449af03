// Variables of one block of a running template, and the objects that hold on to a scope: macros and loops.
#pragma once

#include "text/jinja/ast.h"
#include "text/jinja/builtins.h"

namespace loci::jinja {

class Interpreter;

/// The names set within one block: an iteration, a macro's body, a captured block. The outermost scope is the
/// interpreter's own table, shown here as a null pointer.
class Scope final : public Object {
 public:
  explicit Scope(std::shared_ptr<Scope> parent) : parent_(std::move(parent)) {}
  std::string_view type_name() const override { return "scope"; }

  const Value* find(Symbol name) const;
  void set(Symbol name, Value value);
  std::size_t size() const { return variables_.size(); }
  const Scope* parent() const { return parent_.get(); }
  void clear() override { variables_.clear(); }

 private:
  std::shared_ptr<Scope> parent_;
  std::vector<std::pair<Symbol, Value>> variables_;
};

class Macro final : public Object {
 public:
  Macro(Interpreter& interpreter, const MacroStmt& definition, std::shared_ptr<Scope> scope)
      : interpreter_(interpreter), definition_(definition), scope_(std::move(scope)) {}
  std::string_view type_name() const override { return "Macro"; }
  Result<std::string> repr(Runtime& rt) const override;
  bool callable() const override { return true; }
  Result<Value> call(Runtime& rt, const CallArgs& args) override;
  const MacroStmt& definition() const { return definition_; }
  const std::shared_ptr<Scope>& scope() const { return scope_; }

 private:
  Interpreter& interpreter_;
  const MacroStmt& definition_;
  std::shared_ptr<Scope> scope_;  // adopted by the runtime, where it is not the outermost
};

/// The variable `loop`.
class Loop final : public Object, public std::enable_shared_from_this<Loop> {
 public:
  Loop(SequencePtr items, std::int64_t level) : items_(std::move(items)), level_(level) {}
  std::string_view type_name() const override { return "LoopContext"; }
  std::optional<Value> attribute(std::string_view name) const override;
  std::span<const MethodEntry> methods() const override;
  int depth() const override { return items_ ? items_->depth + 1 : 0; }
  bool callable() const override { return definition_ != nullptr; }
  /// loop(items) of a recursive loop: its text for those items.
  Result<Value> call(Runtime& rt, const CallArgs& args) override;
  void clear() override;

  void make_recursive(Interpreter& interpreter, const ForStmt& definition, std::shared_ptr<Scope> scope);
  void move_to(std::size_t index) { index_ = index; }
  std::size_t index() const { return index_; }
  /// Whether `now` differs from what the last call was given.
  Result<Value> changed(Runtime& rt, const Value& now);

 private:
  SequencePtr items_;
  std::int64_t level_;  // 0: not inside itself
  std::size_t index_ = 0;
  std::optional<Value> last_;  // of changed()
  Interpreter* interpreter_ = nullptr;
  const ForStmt* definition_ = nullptr;
  std::shared_ptr<Scope> scope_;
};

}  // namespace loci::jinja
