#include "text/jinja/ast_height.h"

#include <algorithm>

namespace loci::jinja {
namespace {

/// The greatest height among what it was shown.
class Tallest {
 public:
  void see(const ExprPtr& e) { add(e ? e->height : 0); }
  void see(const StmtPtr& s) { add(s->height); }
  void see(const Target& t) {
    const auto* parts = std::get_if<std::vector<Target>>(&t.node);
    if (!parts) return;
    Tallest inside;
    inside.see(*parts);
    add(inside.height + 1);
  }
  void see(const Parameter& p) { see(p.fallback); }
  template <class A, class B>
  void see(const std::pair<A, B>& p) {
    see(p.first);
    see(p.second);
  }
  template <class T>
  void see(const std::vector<T>& all) {
    for (const T& each : all) see(each);
  }
  void see(const Arguments& a) {
    see(a.positional);
    see(a.named);
    see(a.star);
    see(a.star_star);
  }
  void see(const MacroStmt& m) {
    see(m.parameters);
    see(m.body);
  }
  void see(const std::string&) {}
  void see(ArithmeticOp) {}
  void see(CompareOp) {}

  int height = 0;

 private:
  void add(int h) { height = std::max(height, h); }
};

struct ExprChildren {
  Tallest& in;
  void operator()(const Constant&) const {}
  void operator()(const NameExpr&) const {}
  void operator()(const TupleExpr& e) const { in.see(e.items); }
  void operator()(const ListExpr& e) const { in.see(e.items); }
  void operator()(const DictExpr& e) const { in.see(e.items); }
  void operator()(const UnaryExpr& e) const { in.see(e.operand); }
  void operator()(const ArithmeticExpr& e) const { see(e.first, e.rest); }
  void operator()(const ConcatExpr& e) const { in.see(e.items); }
  void operator()(const LogicExpr& e) const { in.see(e.items); }
  void operator()(const CompareExpr& e) const { see(e.first, e.rest); }
  void operator()(const ConditionalExpr& e) const { see(e.condition, e.then, e.otherwise); }
  void operator()(const AttributeExpr& e) const { in.see(e.object); }
  void operator()(const ItemExpr& e) const { see(e.object, e.key); }
  void operator()(const SliceExpr& e) const { see(e.object, e.start, e.stop, e.step); }
  void operator()(const CallExpr& e) const { see(e.callee, e.arguments); }
  void operator()(const FilterExpr& e) const { see(e.input, e.arguments); }
  void operator()(const TestExpr& e) const { see(e.input, e.arguments); }

 private:
  template <class... Parts>
  void see(const Parts&... parts) const {
    (in.see(parts), ...);
  }
};

struct StmtChildren {
  Tallest& in;
  void operator()(const DataStmt&) const {}
  void operator()(const PrintStmt& s) const { in.see(s.value); }
  void operator()(const SetStmt& s) const { see(s.target, s.value); }
  void operator()(const SetBlockStmt& s) const { see(s.target, s.filters, s.body); }
  void operator()(const ForStmt& s) const { see(s.target, s.items, s.condition, s.body, s.otherwise); }
  void operator()(const IfStmt& s) const { see(s.branches, s.otherwise); }
  void operator()(const MacroStmt& s) const { in.see(s); }
  void operator()(const CallStmt& s) const { see(s.caller, s.call); }
  void operator()(const FilterStmt& s) const { see(s.filters, s.body); }
  void operator()(const WithStmt& s) const { see(s.bindings, s.body); }
  void operator()(const BreakStmt&) const {}
  void operator()(const ContinueStmt&) const {}

 private:
  template <class... Parts>
  void see(const Parts&... parts) const {
    (in.see(parts), ...);
  }
};

}  // namespace

int height_over(const decltype(Expr::node)& node) {
  Tallest tallest;
  std::visit(ExprChildren{tallest}, node);
  return tallest.height + 1;
}

int height_over(const decltype(Stmt::node)& node) {
  Tallest tallest;
  std::visit(StmtChildren{tallest}, node);
  return tallest.height + 1;
}

}  // namespace loci::jinja
