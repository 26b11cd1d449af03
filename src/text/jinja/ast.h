// The syntax tree of a template. Built once by the parser, then only read, by any number of renders at a
// time.
//
// Names are numbers (Symbol): an index into Program::symbols. Every node knows its height, which the parser
// bounds, so that walking or destroying a tree cannot overflow the stack; chains of operators are flat for
// the same reason.
#pragma once

#include "text/jinja/value.h"

namespace loci::jinja {

using Symbol = std::uint32_t;

struct Expr;
struct Stmt;
using ExprPtr = std::unique_ptr<const Expr>;
using StmtPtr = std::unique_ptr<const Stmt>;
using Block = std::vector<StmtPtr>;

struct FilterEntry;
struct TestEntry;

struct Arguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr star, star_star;  // *args, **kwargs; may be null
};

struct Constant {
  Value value;
};
struct NameExpr {
  Symbol name;
};
struct TupleExpr {
  std::vector<ExprPtr> items;
};
struct ListExpr {
  std::vector<ExprPtr> items;
};
struct DictExpr {
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
};

enum class UnaryOp { kNegate, kPlus, kNot };
struct UnaryExpr {
  UnaryOp op;
  ExprPtr operand;
};

enum class ArithmeticOp { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
/// first op operand op operand ..., from left to right
struct ArithmeticExpr {
  ExprPtr first;
  std::vector<std::pair<ArithmeticOp, ExprPtr>> rest;
};
struct ConcatExpr {
  std::vector<ExprPtr> items;
};
struct LogicExpr {
  bool is_or;
  std::vector<ExprPtr> items;
};

enum class CompareOp { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };
/// a < b < c is (a < b) and (b < c)
struct CompareExpr {
  ExprPtr first;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
};
struct ConditionalExpr {
  ExprPtr condition, then, otherwise;
};  // otherwise may be null
struct AttributeExpr {
  ExprPtr object;
  std::string name;
};
struct ItemExpr {
  ExprPtr object, key;
};
struct SliceExpr {
  ExprPtr object, start, stop, step;
};  // bounds may be null
struct CallExpr {
  ExprPtr callee;
  Arguments arguments;
};
struct FilterExpr {
  ExprPtr input;  // null at the head of a filter block's or block set's chain
  std::string name;
  const FilterEntry* filter;  // null: no such filter, an error when it is reached
  Arguments arguments;
};
struct TestExpr {
  ExprPtr input;
  std::string name;
  const TestEntry* test;
  bool negated;
  Arguments arguments;
};

struct Expr {
  std::uint32_t line;
  int height;
  std::variant<Constant, NameExpr, TupleExpr, ListExpr, DictExpr, UnaryExpr, ArithmeticExpr, ConcatExpr,
               LogicExpr, CompareExpr, ConditionalExpr, AttributeExpr, ItemExpr, SliceExpr, CallExpr,
               FilterExpr, TestExpr>
      node;
};

/// Where a value goes: a name, an attribute of a namespace, or several of them.
struct Target {
  struct Attribute {
    Symbol object;
    std::string name;
  };
  std::variant<Symbol, Attribute, std::vector<Target>> node;
};

struct DataStmt {
  std::string text;
};
struct PrintStmt {
  ExprPtr value;
};
struct SetStmt {
  Target target;
  ExprPtr value;
};
struct SetBlockStmt {
  Target target;
  ExprPtr filters;
  Block body;
};  // filters may be null
struct ForStmt {
  Target target;
  ExprPtr items, condition;
  Block body, otherwise;
  bool recursive;
};
struct IfStmt {
  std::vector<std::pair<ExprPtr, Block>> branches;
  Block otherwise;
};
struct Parameter {
  Symbol name;
  ExprPtr fallback;
};  // fallback may be null
struct MacroStmt {
  Symbol name;
  std::vector<Parameter> parameters;
  bool takes_varargs, takes_kwargs, takes_caller;  // its body names them
  Block body;
};
struct CallStmt {
  MacroStmt caller;
  ExprPtr call;
};
struct FilterStmt {
  ExprPtr filters;
  Block body;
};
struct WithStmt {
  std::vector<std::pair<Target, ExprPtr>> bindings;
  Block body;
};  // a `generation` block has no bindings
struct BreakStmt {};
struct ContinueStmt {};

struct Stmt {
  std::uint32_t line;
  int height;
  std::variant<DataStmt, PrintStmt, SetStmt, SetBlockStmt, ForStmt, IfStmt, MacroStmt, CallStmt, FilterStmt,
               WithStmt, BreakStmt, ContinueStmt>
      node;
};

struct Program {
  Block body;
  std::vector<std::string> symbols;
};

/// Symbols that the interpreter itself binds; every program's table begins with them, in this order.
enum BuiltinSymbol : Symbol { kLoop, kCaller, kVarargs, kKwargs, kBuiltinSymbols };

}  // namespace loci::jinja
