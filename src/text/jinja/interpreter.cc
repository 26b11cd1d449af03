// Execution of statements.
#include "text/jinja/interpreter.h"

#include <algorithm>

#include "text/jinja/interpreter_depth.h"
#include "text/jinja/print.h"

namespace loci::jinja {
namespace {

/// Sets a variable for the time of a block.
template <class T>
class Within {
 public:
  Within(T& place, T value) : place_(place), old_(std::exchange(place, std::move(value))) {}
  ~Within() { place_ = std::move(old_); }
  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;

 private:
  T& place_;
  T old_;
};

}  // namespace

Interpreter::Interpreter(const Program& program, Runtime& rt, const Dict& context)
    : program_(program), rt_(rt), outermost_(program.symbols.size()) {
  for (std::size_t i = 0; i < outermost_.size(); ++i) {
    const Value* given = context.find(program.symbols[i]);
    outermost_[i] = given ? std::optional<Value>(*given) : global_function(program.symbols[i]);
  }
}

Result<std::string> Interpreter::render() {
  std::string out;
  const Within<std::string*> captured(out_, &out);
  if (auto flow = run(program_.body); !flow) {
    Error error = std::move(flow).error();
    return std::unexpected(rt_.raised ? std::move(error)
                                      : std::move(error).in(fmt::format("template line {}", line_)));
  }
  return out;
}

Result<void> Interpreter::write(std::string_view text) {
  const std::size_t most = rt_.limits().max_output_bytes;
  if (text.size() > most - out_->size())
    return type_error("the template's output has more than {} bytes", most);
  out_->append(text);
  return rt_.spend(text.size() / 256);
}

Result<Value> Interpreter::capture(const Block& block) {
  std::string out;
  const Within<std::string*> captured(out_, &out);
  const Within<std::shared_ptr<Scope>> inner(scope_, std::make_shared<Scope>(scope_));
  LOCI_TRY_VOID(run(block));
  return rt_.text(std::move(out));
}

Result<Value> Interpreter::filtered(const ExprPtr& filters, const Value& text) {
  if (!filters) return text;
  const Within<const Value*> head(filter_head_, &text);
  return evaluate(*filters);
}

void Interpreter::set(Symbol name, Value value) {
  if (scope_) {
    scope_->set(name, std::move(value));
  } else {
    outermost_[name] = std::move(value);
  }
}

Result<void> Interpreter::assign(const Target& target, const Value& value) {
  if (const Symbol* name = std::get_if<Symbol>(&target.node)) {
    LOCI_TRY_VOID(rt_.spend(scope_ ? scope_->size() / 8 : 0));
    set(*name, value);
    return {};
  }
  if (const auto* parts = std::get_if<std::vector<Target>>(&target.node)) return assign_parts(*parts, value);
  const auto& attribute = std::get<Target::Attribute>(target.node);
  LOCI_TRY(const Value object, lookup(attribute.object));
  if (object.is_undefined()) return undefined_error(object);
  auto* space = dynamic_cast<Namespace*>(object.object());
  if (!space) return type_error("cannot assign attribute on non-namespace object");
  space->set(attribute.name, value);
  return {};
}

Result<void> Interpreter::assign_parts(const std::vector<Target>& targets, const Value& value) {
  LOCI_TRY(const std::vector<Value> items, iterate(rt_, value));
  if (items.size() != targets.size()) {
    return type_error("{} values to unpack (expected {}, got {})",
                      items.size() < targets.size() ? "not enough" : "too many", targets.size(),
                      items.size());
  }
  for (std::size_t i = 0; i < items.size(); ++i) LOCI_TRY_VOID(assign(targets[i], items[i]));
  return {};
}

Result<Interpreter::Flow> Interpreter::run(const Block& block) {
  for (const StmtPtr& statement : block) {
    LOCI_TRY(const Flow flow, run(*statement));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::run(const Stmt& statement) {
  const Deeper deeper(*this);
  LOCI_TRY_VOID(deeper.check());
  LOCI_TRY_VOID(rt_.spend());
  line_ = statement.line;
  return std::visit([this](const auto& node) { return run(node); }, statement.node);
}

Result<Interpreter::Flow> Interpreter::run(const DataStmt& s) {
  LOCI_TRY_VOID(write(s.text));
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::run(const PrintStmt& s) {
  LOCI_TRY(const Value value, evaluate(*s.value));
  if (const Text* text = value.text()) {
    LOCI_TRY_VOID(write(text->bytes));
  } else {
    LOCI_TRY(const std::string shown, to_string(rt_, value));
    LOCI_TRY_VOID(write(shown));
  }
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::run(const SetStmt& s) {
  LOCI_TRY(const Value value, evaluate(*s.value));
  LOCI_TRY_VOID(assign(s.target, value));
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::run(const SetBlockStmt& s) {
  LOCI_TRY(const Value text, capture(s.body));
  LOCI_TRY(const Value value, filtered(s.filters, text));
  LOCI_TRY_VOID(assign(s.target, value));
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::run(const FilterStmt& s) {
  LOCI_TRY(const Value text, capture(s.body));
  LOCI_TRY(const Value value, filtered(s.filters, text));
  LOCI_TRY(const std::string shown, to_string(rt_, value));
  LOCI_TRY_VOID(write(shown));
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::run(const IfStmt& s) {
  for (const auto& [condition, body] : s.branches) {
    LOCI_TRY(const Value holds, evaluate(*condition));
    if (is_true(holds)) return run(body);
  }
  return run(s.otherwise);
}

Result<Interpreter::Flow> Interpreter::run(const WithStmt& s) {
  std::vector<Value> values;
  for (const auto& [target, expression] : s.bindings) {
    LOCI_TRY(Value value, evaluate(*expression));
    values.push_back(std::move(value));
  }
  const Within<std::shared_ptr<Scope>> inner(scope_, std::make_shared<Scope>(scope_));
  for (std::size_t i = 0; i < values.size(); ++i) LOCI_TRY_VOID(assign(s.bindings[i].first, values[i]));
  return run(s.body);
}

Result<Interpreter::Flow> Interpreter::run(const ForStmt& s) {
  LOCI_TRY(const Value items, evaluate(*s.items));
  return run_loop(s, items, 0);
}

Result<std::vector<Value>> Interpreter::loop_items(const ForStmt& s, const Value& items) {
  LOCI_TRY(std::vector<Value> all, iterate(rt_, items));
  if (!s.condition) return all;
  const Within<std::shared_ptr<Scope>> inner(scope_, std::make_shared<Scope>(scope_));
  std::vector<Value> kept;
  for (Value& item : all) {
    scope_->clear();
    LOCI_TRY_VOID(assign(s.target, item));
    LOCI_TRY(const Value holds, evaluate(*s.condition));
    if (is_true(holds)) kept.push_back(std::move(item));
  }
  return kept;
}

Result<Interpreter::Flow> Interpreter::run_loop(const ForStmt& s, const Value& items, std::int64_t level) {
  LOCI_TRY(std::vector<Value> all, loop_items(s, items));
  LOCI_TRY(const Value held, rt_.sequence(std::move(all)));
  const std::vector<Value>& list = held.sequence()->items;
  const auto loop = std::make_shared<Loop>(std::get<SequencePtr>(held.storage()), level);
  if (s.recursive) {
    loop->make_recursive(*this, s, scope_);
    LOCI_TRY_VOID(rt_.adopt(loop));
  }
  const std::shared_ptr<Scope> outer = scope_;
  const Within<std::shared_ptr<Scope>> inner(scope_, nullptr);
  bool finished_one = false;  // jinja2 runs `else` where no iteration came to its end
  for (std::size_t i = 0; i < list.size(); ++i) {
    LOCI_TRY_VOID(rt_.spend());
    if (scope_ && scope_.use_count() == 1) {
      scope_->clear();
    } else {
      scope_ = std::make_shared<Scope>(outer);
    }
    loop->move_to(i);
    scope_->set(kLoop, ObjectPtr(loop));
    LOCI_TRY_VOID(assign(s.target, list[i]));
    LOCI_TRY(const Flow flow, run(s.body));
    if (flow == Flow::kBreak) break;
    finished_one |= flow == Flow::kNext;
  }
  if (finished_one || s.otherwise.empty()) return Flow::kNext;
  scope_ = std::make_shared<Scope>(outer);
  return run(s.otherwise);
}

Result<Value> Interpreter::loop_text(const ForStmt& loop, const std::shared_ptr<Scope>& scope,
                                     const Value& items, std::int64_t level) {
  const Deeper deeper(*this);
  LOCI_TRY_VOID(deeper.check());
  std::string out;
  const Within<std::string*> captured(out_, &out);
  const Within<std::shared_ptr<Scope>> inner(scope_, scope);
  LOCI_TRY_VOID(run_loop(loop, items, level));
  return rt_.text(std::move(out));
}

Result<Value> Interpreter::make_macro(const MacroStmt& definition) {
  if (scope_) LOCI_TRY_VOID(rt_.adopt(scope_));  // it will hold the macro, and the macro it
  return Value(ObjectPtr(std::make_shared<Macro>(*this, definition, scope_)));
}

Result<Interpreter::Flow> Interpreter::run(const MacroStmt& s) {
  LOCI_TRY(Value macro, make_macro(s));
  set(s.name, std::move(macro));
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::run(const CallStmt& s) {
  const auto& target = std::get<CallExpr>(s.call->node);
  LOCI_TRY(const Value callee, evaluate(*target.callee));
  LOCI_TRY(CallArgs args, evaluate(target.arguments));
  LOCI_TRY(Value caller, make_macro(s.caller));
  args.named.emplace_back("caller", std::move(caller));
  LOCI_TRY(const Value text, call(callee, args));
  LOCI_TRY(const std::string shown, to_string(rt_, text));
  LOCI_TRY_VOID(write(shown));
  return Flow::kNext;
}

Result<Value> Interpreter::call_macro(const Macro& macro, const CallArgs& args) {
  const Deeper deeper(*this);
  LOCI_TRY_VOID(deeper.check());
  const std::uint32_t called_at = line_;
  std::string out;
  const Within<std::string*> captured(out_, &out);
  const Within<std::shared_ptr<Scope>> inner(scope_, std::make_shared<Scope>(macro.scope()));
  LOCI_TRY_VOID(bind_parameters(macro.definition(), args));
  LOCI_TRY_VOID(run(macro.definition().body));
  line_ = called_at;
  return rt_.text(std::move(out));
}

Result<void> Interpreter::bind_parameters(const MacroStmt& macro, const CallArgs& args) {
  std::vector<bool> used(args.named.size());
  for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    const std::string& name = program_.symbols[parameter.name];
    const auto named = std::find_if(args.named.begin(), args.named.end(),
                                    [&](const auto& each) { return each.first == name; });
    LOCI_TRY_VOID(rt_.spend(1 + args.named.size() / 8));
    Value value;
    if (named != args.named.end()) {
      used[static_cast<std::size_t>(named - args.named.begin())] = true;
      value = named->second;
    }
    if (i < args.positional.size()) {
      value = args.positional[i];
    } else if (named == args.named.end()) {
      value = Value::undefined(fmt::format("parameter '{}' was not provided", name));
      if (parameter.fallback) {
        LOCI_TRY(value, evaluate(*parameter.fallback));
      }
    }
    set(parameter.name, std::move(value));
  }
  return bind_extras(macro, args, used);
}

Result<void> Interpreter::bind_extras(const MacroStmt& macro, const CallArgs& args,
                                      const std::vector<bool>& used) {
  const std::string& macro_name = program_.symbols[macro.name];
  const std::size_t declared = macro.parameters.size();
  if (args.positional.size() > declared && !macro.takes_varargs) {
    return type_error("macro '{}' takes not more than {} argument(s)", macro_name, declared);
  }
  if (macro.takes_caller) set(kCaller, Value::undefined("No caller defined"));
  std::vector<DictEntry> kwargs;
  for (std::size_t i = 0; i < args.named.size(); ++i) {
    const auto& [name, value] = args.named[i];
    if (used[i]) continue;
    if (name == "caller" && macro.takes_caller) {
      set(kCaller, value);
    } else if (macro.takes_kwargs) {
      LOCI_TRY(Value key, rt_.text(name));
      kwargs.push_back({std::move(key), value});
    } else {
      return type_error("macro '{}' takes no keyword argument '{}'", macro_name, name);
    }
  }
  if (macro.takes_kwargs) {
    LOCI_TRY(Value all, rt_.dict(std::move(kwargs)));
    set(kKwargs, std::move(all));
  }
  if (macro.takes_varargs) {
    std::vector<Value> rest;
    for (std::size_t i = declared; i < args.positional.size(); ++i) rest.push_back(args.positional[i]);
    LOCI_TRY(Value all, rt_.sequence(std::move(rest), SequenceKind::kTuple));
    set(kVarargs, std::move(all));
  }
  return {};
}

}  // namespace loci::jinja
