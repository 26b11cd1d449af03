// Expressions, by precedence climbing in the order of jinja2's grammar:
//   a if c else b; or; and; not; comparisons and in; + -; ~; * / // %; **; unary - +; . [] (); | and is
#pragma once

#include "text/jinja/token_stream.h"

namespace loci::jinja {

class ExpressionParser {
 public:
  ExpressionParser(TokenStream& stream, SymbolTable& symbols) : stream_(stream), symbols_(symbols) {}

  enum class Conditional { kAllowed, kNot };
  Result<ExprPtr> expression(Conditional conditional = Conditional::kAllowed);
  /// One expression, or a tuple without parentheses.
  Result<ExprPtr> tuple(Conditional conditional = Conditional::kAllowed);
  /// "| name(args) | name ..." over `input`, which may be null.
  Result<ExprPtr> filter_chain(ExprPtr input);
  /// "name(args) | name ...", as a filter block begins.
  Result<ExprPtr> filter_head();
  /// name | name.attribute (where `attributes`) | (target, target) | target, target
  Result<Target> target(bool attributes);
  Result<ExprPtr> primary_with_calls();

  /// Counts nesting; every recursive rule holds one.
  class Nesting {
   public:
    explicit Nesting(int& depth) : depth_(depth) { ++depth_; }
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    int& depth_;
  };
  Result<void> check_nesting() const;
  int depth = 0;

  /// Which of the names that a macro may use implicitly its body has used so far.
  bool saw_varargs = false, saw_kwargs = false, saw_caller = false;

 private:
  Result<ExprPtr> conditional();
  Result<ExprPtr> logic(bool is_or);
  Result<ExprPtr> negation();
  Result<ExprPtr> comparison();
  Result<ExprPtr> arithmetic(int level);
  Result<ExprPtr> concat();
  Result<ExprPtr> unary(bool with_filters);
  Result<ExprPtr> primary();
  Result<ExprPtr> name_or_constant();
  Result<ExprPtr> number();
  Result<ExprPtr> parenthesized();
  Result<ExprPtr> list();
  Result<ExprPtr> dict();
  Result<ExprPtr> postfix(ExprPtr base);
  Result<ExprPtr> filters_and_tests(ExprPtr base);
  Result<ExprPtr> attribute(ExprPtr object);
  Result<ExprPtr> subscript(ExprPtr object);
  Result<ExprPtr> slice_bound();
  Result<ExprPtr> call(ExprPtr callee);
  Result<ExprPtr> filter(ExprPtr input);
  Result<ExprPtr> test(ExprPtr input);
  Result<Arguments> arguments();
  Result<void> argument(Arguments& into);
  bool at_test_argument() const;
  bool at_tuple_end() const;
  Result<Target> single_target(bool attributes);

  Result<ExprPtr> make(std::uint32_t line, decltype(Expr::node) node) const;

  TokenStream& stream_;
  SymbolTable& symbols_;
};

}  // namespace loci::jinja
