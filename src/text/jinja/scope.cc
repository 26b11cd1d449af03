#include "text/jinja/scope.h"

#include "text/jinja/interpreter.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"

namespace loci::jinja {
namespace {

Result<Value> loop_cycle(Runtime&, const Value& self, const CallArgs& args) {
  if (args.positional.empty()) return type_error("no items for cycling given");
  return args.positional[static_cast<const Loop*>(self.object())->index() % args.positional.size()];
}

Result<Value> loop_changed(Runtime& rt, const Value& self, const CallArgs& args) {
  LOCI_TRY(const Value now, rt.sequence(args.positional, SequenceKind::kTuple));
  return static_cast<Loop*>(self.object())->changed(rt, now);
}

constexpr MethodEntry kLoopMethods[] = {{"changed", loop_changed}, {"cycle", loop_cycle}};

}  // namespace

const Value* Scope::find(Symbol name) const {
  for (const auto& [key, value] : variables_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Scope::set(Symbol name, Value value) {
  for (auto& [key, old] : variables_) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  variables_.emplace_back(name, std::move(value));
}

Result<std::string> Macro::repr(Runtime&) const {
  return fmt::format("<Macro {}>", quoted(interpreter_.name_of(definition_.name)));
}

Result<Value> Macro::call(Runtime&, const CallArgs& args) {
  return interpreter_.call_macro(*this, args);
}

std::span<const MethodEntry> Loop::methods() const {
  return kLoopMethods;
}

std::optional<Value> Loop::attribute(std::string_view name) const {
  if (!items_) return std::nullopt;
  const auto index = static_cast<std::int64_t>(index_),
             length = static_cast<std::int64_t>(items_->items.size());
  if (name == "index") return index + 1;
  if (name == "index0") return index;
  if (name == "first") return index == 0;
  if (name == "last") return index + 1 == length;
  if (name == "length") return length;
  if (name == "revindex") return length - index;
  if (name == "revindex0") return length - index - 1;
  if (name == "depth") return level_ + 1;
  if (name == "depth0") return level_;
  if (name == "previtem") {
    return index == 0 ? Value::undefined("there is no previous item") : items_->items[index_ - 1];
  }
  if (name == "nextitem") {
    return index + 1 == length ? Value::undefined("there is no next item") : items_->items[index_ + 1];
  }
  return std::nullopt;
}

void Loop::make_recursive(Interpreter& interpreter, const ForStmt& definition, std::shared_ptr<Scope> scope) {
  interpreter_ = &interpreter;
  definition_ = &definition;
  scope_ = std::move(scope);
}

Result<Value> Loop::call(Runtime&, const CallArgs& args) {
  if (!definition_) return type_error("The loop must have the 'recursive' marker to be called.");
  LOCI_TRY(const auto a, bind(args, "loop", {"iterable"}, 1));
  return interpreter_->loop_text(*definition_, scope_, *a[0], level_ + 1);
}

void Loop::clear() {
  items_.reset();
  last_.reset();
  scope_.reset();
}

Result<Value> Loop::changed(Runtime& rt, const Value& now) {
  if (!last_) LOCI_TRY_VOID(rt.adopt(shared_from_this()));  // it may be given itself
  bool same = false;
  if (last_) {
    LOCI_TRY(same, equals(rt, *last_, now));
  }
  last_ = now;
  return Value(!same);
}

}  // namespace loci::jinja
