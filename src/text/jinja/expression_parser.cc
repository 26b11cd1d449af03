#include "text/jinja/expression_parser.h"

#include <charconv>

#include "text/jinja/ast_height.h"
#include "text/jinja/builtins.h"

namespace loci::jinja {
namespace {

Value constant_text(std::string text) {
  return TextPtr(std::make_shared<const Text>(std::move(text), false, nullptr));
}

constexpr std::pair<std::string_view, CompareOp> kComparisons[] = {
    {"==", CompareOp::kEqual},     {"!=", CompareOp::kNotEqual}, {"<", CompareOp::kLess},
    {"<=", CompareOp::kLessEqual}, {">", CompareOp::kGreater},   {">=", CompareOp::kGreaterEqual}};

struct Level {
  std::string_view symbol;
  ArithmeticOp op;
  int level;
};
constexpr int kSumLevel = 0, kProductLevel = 1, kPowerLevel = 2;
constexpr Level kArithmetic[] = {{"+", ArithmeticOp::kAdd, kSumLevel},
                                 {"-", ArithmeticOp::kSubtract, kSumLevel},
                                 {"*", ArithmeticOp::kMultiply, kProductLevel},
                                 {"/", ArithmeticOp::kDivide, kProductLevel},
                                 {"//", ArithmeticOp::kFloorDivide, kProductLevel},
                                 {"%", ArithmeticOp::kModulo, kProductLevel},
                                 {"**", ArithmeticOp::kPower, kPowerLevel}};

}  // namespace

Result<ExprPtr> ExpressionParser::make(std::uint32_t line, decltype(Expr::node) node) const {
  const int height = height_over(node);
  if (height > kMaxTreeHeight)
    return syntax_error(line, "the expression is more than {} deep", kMaxTreeHeight);
  return std::make_unique<const Expr>(Expr{line, height, std::move(node)});
}

Result<void> ExpressionParser::check_nesting() const {
  if (depth > kMaxNesting) return syntax_error(stream_.line(), "nested more than {} deep", kMaxNesting);
  return {};
}

Result<ExprPtr> ExpressionParser::expression(Conditional allowed) {
  return allowed == Conditional::kAllowed ? conditional() : logic(true);
}

bool ExpressionParser::at_tuple_end() const {
  return stream_.at(TokenKind::kVariableEnd) || stream_.at(TokenKind::kBlockEnd) ||
         stream_.at_operator(")") || stream_.at_name("in") || stream_.at_name("recursive");
}

Result<ExprPtr> ExpressionParser::tuple(Conditional allowed) {
  const std::uint32_t line = stream_.line();
  LOCI_TRY(ExprPtr first, expression(allowed));
  if (!stream_.at_operator(",")) return first;
  TupleExpr tuple;
  tuple.items.push_back(std::move(first));
  while (stream_.skip_operator(",") && !at_tuple_end()) {
    LOCI_TRY(ExprPtr next, expression(allowed));
    tuple.items.push_back(std::move(next));
  }
  return make(line, std::move(tuple));
}

Result<ExprPtr> ExpressionParser::conditional() {
  const Nesting nesting(depth);
  LOCI_TRY_VOID(check_nesting());
  LOCI_TRY(ExprPtr value, logic(true));
  while (stream_.at_name("if")) {
    const std::uint32_t line = stream_.take().line;
    LOCI_TRY(ExprPtr condition, logic(true));
    ExprPtr otherwise;
    if (stream_.skip_name("else")) {
      LOCI_TRY(otherwise, conditional());
    }
    LOCI_TRY(value,
             make(line, ConditionalExpr{std::move(condition), std::move(value), std::move(otherwise)}));
  }
  return value;
}

Result<ExprPtr> ExpressionParser::logic(bool is_or) {
  const std::uint32_t line = stream_.line();
  LOCI_TRY(ExprPtr first, is_or ? logic(false) : negation());
  const std::string_view word = is_or ? "or" : "and";
  if (!stream_.at_name(word)) return first;
  LogicExpr all{is_or, {}};
  all.items.push_back(std::move(first));
  while (stream_.skip_name(word)) {
    LOCI_TRY(ExprPtr next, is_or ? logic(false) : negation());
    all.items.push_back(std::move(next));
  }
  return make(line, std::move(all));
}

Result<ExprPtr> ExpressionParser::negation() {
  if (!stream_.at_name("not")) return comparison();
  const Nesting nesting(depth);
  LOCI_TRY_VOID(check_nesting());
  const std::uint32_t line = stream_.take().line;
  LOCI_TRY(ExprPtr operand, negation());
  return make(line, UnaryExpr{UnaryOp::kNot, std::move(operand)});
}

Result<ExprPtr> ExpressionParser::comparison() {
  const std::uint32_t line = stream_.line();
  LOCI_TRY(ExprPtr first, arithmetic(kSumLevel));
  CompareExpr all{std::move(first), {}};
  for (;;) {
    std::optional<CompareOp> op;
    for (const auto& [symbol, meaning] : kComparisons) {
      if (stream_.at_operator(symbol)) op = meaning;
    }
    if (stream_.at_name("in")) op = CompareOp::kIn;
    if (stream_.at_name("not") && TokenStream::is(stream_.ahead(), TokenKind::kName, "in")) {
      stream_.take();
      op = CompareOp::kNotIn;
    }
    if (!op) break;
    stream_.take();
    LOCI_TRY(ExprPtr operand, arithmetic(kSumLevel));
    all.rest.emplace_back(*op, std::move(operand));
  }
  if (all.rest.empty()) return std::move(all.first);
  return make(line, std::move(all));
}

Result<ExprPtr> ExpressionParser::arithmetic(int level) {
  const auto operand = [&]() -> Result<ExprPtr> {
    if (level == kSumLevel) return concat();
    return level == kProductLevel ? arithmetic(kPowerLevel) : unary(true);
  };
  const std::uint32_t line = stream_.line();
  LOCI_TRY(ExprPtr first, operand());
  ArithmeticExpr all{std::move(first), {}};
  for (;;) {
    const Level* found = nullptr;
    for (const Level& each : kArithmetic) {
      if (each.level == level && stream_.at_operator(each.symbol)) found = &each;
    }
    if (!found) break;
    stream_.take();
    LOCI_TRY(ExprPtr next, operand());
    all.rest.emplace_back(found->op, std::move(next));
  }
  if (all.rest.empty()) return std::move(all.first);
  return make(line, std::move(all));
}

Result<ExprPtr> ExpressionParser::concat() {
  const std::uint32_t line = stream_.line();
  LOCI_TRY(ExprPtr first, arithmetic(kProductLevel));
  if (!stream_.at_operator("~")) return first;
  ConcatExpr all;
  all.items.push_back(std::move(first));
  while (stream_.skip_operator("~")) {
    LOCI_TRY(ExprPtr next, arithmetic(kProductLevel));
    all.items.push_back(std::move(next));
  }
  return make(line, std::move(all));
}

Result<ExprPtr> ExpressionParser::unary(bool with_filters) {
  const Nesting nesting(depth);
  LOCI_TRY_VOID(check_nesting());
  const std::uint32_t line = stream_.line();
  ExprPtr value;
  if (stream_.at_operator("-") || stream_.at_operator("+")) {
    const UnaryOp op = stream_.take().text == "-" ? UnaryOp::kNegate : UnaryOp::kPlus;
    LOCI_TRY(ExprPtr operand, unary(false));
    LOCI_TRY(value, make(line, UnaryExpr{op, std::move(operand)}));
  } else {
    LOCI_TRY(value, primary());
  }
  LOCI_TRY(value, postfix(std::move(value)));
  if (!with_filters) return value;
  return filters_and_tests(std::move(value));
}

Result<ExprPtr> ExpressionParser::primary() {
  const std::uint32_t line = stream_.line();
  switch (stream_.current().kind) {
    case TokenKind::kName:
      return name_or_constant();
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return number();
    case TokenKind::kString: {
      std::string text;
      while (stream_.at(TokenKind::kString)) text += stream_.take().text;
      return make(line, Constant{constant_text(std::move(text))});
    }
    default:
      break;
  }
  if (stream_.at_operator("(")) return parenthesized();
  if (stream_.at_operator("[")) return list();
  if (stream_.at_operator("{")) return dict();
  return syntax_error(line, "expected an expression, got {}", stream_.describe());
}

Result<ExprPtr> ExpressionParser::name_or_constant() {
  const Token token = stream_.take();
  if (token.text == "true" || token.text == "True") return make(token.line, Constant{true});
  if (token.text == "false" || token.text == "False") return make(token.line, Constant{false});
  if (token.text == "none" || token.text == "None") return make(token.line, Constant{None{}});
  const Symbol name = symbols_.of(token.text);
  saw_caller |= name == kCaller;
  saw_varargs |= name == kVarargs;
  saw_kwargs |= name == kKwargs;
  return make(token.line, NameExpr{name});
}

Result<ExprPtr> ExpressionParser::number() {
  const Token token = stream_.take();
  const char* begin = token.text.data();
  const char* end = begin + token.text.size();
  if (token.kind == TokenKind::kFloat) {
    double value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end) return syntax_error(token.line, "bad number {}", token.text);
    return make(token.line, Constant{value});
  }
  int base = 10;
  if (token.text.size() > 2 && token.text[0] == '0') {
    const char mark = static_cast<char>(token.text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) begin += 2;
  }
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value, base);
  if (error != std::errc() || stop != end)
    return syntax_error(token.line, "bad number {}", token.text.substr(0, 40));
  return make(token.line, Constant{value});
}

Result<ExprPtr> ExpressionParser::parenthesized() {
  const std::uint32_t line = stream_.take().line;
  if (stream_.skip_operator(")")) return make(line, TupleExpr{});
  LOCI_TRY(ExprPtr inside, tuple());
  LOCI_TRY_VOID(stream_.expect_operator(")"));
  return inside;
}

Result<ExprPtr> ExpressionParser::list() {
  const std::uint32_t line = stream_.take().line;
  ListExpr all;
  while (!stream_.at_operator("]")) {
    if (!all.items.empty()) LOCI_TRY_VOID(stream_.expect_operator(","));
    if (stream_.at_operator("]")) break;
    LOCI_TRY(ExprPtr item, expression());
    all.items.push_back(std::move(item));
  }
  LOCI_TRY_VOID(stream_.expect_operator("]"));
  return make(line, std::move(all));
}

Result<ExprPtr> ExpressionParser::dict() {
  const std::uint32_t line = stream_.take().line;
  DictExpr all;
  while (!stream_.at_operator("}")) {
    if (!all.items.empty()) LOCI_TRY_VOID(stream_.expect_operator(","));
    if (stream_.at_operator("}")) break;
    LOCI_TRY(ExprPtr key, expression());
    LOCI_TRY_VOID(stream_.expect_operator(":"));
    LOCI_TRY(ExprPtr value, expression());
    all.items.emplace_back(std::move(key), std::move(value));
  }
  LOCI_TRY_VOID(stream_.expect_operator("}"));
  return make(line, std::move(all));
}

Result<ExprPtr> ExpressionParser::postfix(ExprPtr base) {
  for (;;) {
    if (stream_.at_operator(".")) {
      LOCI_TRY(base, attribute(std::move(base)));
    } else if (stream_.at_operator("[")) {
      LOCI_TRY(base, subscript(std::move(base)));
    } else if (stream_.at_operator("(")) {
      LOCI_TRY(base, call(std::move(base)));
    } else {
      return base;
    }
  }
}

Result<ExprPtr> ExpressionParser::attribute(ExprPtr object) {
  const std::uint32_t line = stream_.take().line;
  if (stream_.at(TokenKind::kInteger)) {
    LOCI_TRY(ExprPtr key, number());
    return make(line, ItemExpr{std::move(object), std::move(key)});
  }
  LOCI_TRY(std::string name, stream_.expect_name());
  return make(line, AttributeExpr{std::move(object), std::move(name)});
}

Result<ExprPtr> ExpressionParser::slice_bound() {
  if (stream_.at_operator(":") || stream_.at_operator("]")) return ExprPtr();
  return expression();
}

Result<ExprPtr> ExpressionParser::subscript(ExprPtr object) {
  const std::uint32_t line = stream_.take().line;
  ExprPtr start, stop, step;
  if (!stream_.at_operator(":")) {
    LOCI_TRY(start, tuple());
  }
  if (stream_.skip_operator("]")) return make(line, ItemExpr{std::move(object), std::move(start)});
  LOCI_TRY_VOID(stream_.expect_operator(":"));
  LOCI_TRY(stop, slice_bound());
  if (stream_.skip_operator(":")) {
    LOCI_TRY(step, slice_bound());
  }
  LOCI_TRY_VOID(stream_.expect_operator("]"));
  return make(line, SliceExpr{std::move(object), std::move(start), std::move(stop), std::move(step)});
}

Result<ExprPtr> ExpressionParser::call(ExprPtr callee) {
  const std::uint32_t line = stream_.line();
  LOCI_TRY(Arguments args, arguments());
  return make(line, CallExpr{std::move(callee), std::move(args)});
}

Result<Arguments> ExpressionParser::arguments() {
  LOCI_TRY_VOID(stream_.expect_operator("("));
  Arguments all;
  bool first = true;
  while (!stream_.at_operator(")")) {
    if (!first) LOCI_TRY_VOID(stream_.expect_operator(","));
    if (stream_.at_operator(")")) break;
    LOCI_TRY_VOID(argument(all));
    first = false;
  }
  LOCI_TRY_VOID(stream_.expect_operator(")"));
  return all;
}

Result<void> ExpressionParser::argument(Arguments& into) {
  const std::uint32_t line = stream_.line();
  const bool star = stream_.at_operator("*"), star_star = stream_.at_operator("**");
  if (star || star_star) {
    stream_.take();
    ExprPtr& place = star ? into.star : into.star_star;
    if (place || into.star_star) return syntax_error(line, "bad order of call arguments");
    LOCI_TRY(place, expression());
    return {};
  }
  if (into.star_star) return syntax_error(line, "an argument after **");
  if (stream_.at(TokenKind::kName) && TokenStream::is(stream_.ahead(), TokenKind::kOperator, "=")) {
    std::string name = stream_.take().text;
    stream_.take();
    LOCI_TRY(ExprPtr value, expression());
    into.named.emplace_back(std::move(name), std::move(value));
    return {};
  }
  if (into.star || !into.named.empty()) return syntax_error(line, "a positional argument after a named one");
  LOCI_TRY(ExprPtr value, expression());
  into.positional.push_back(std::move(value));
  return {};
}

Result<ExprPtr> ExpressionParser::filters_and_tests(ExprPtr base) {
  for (;;) {
    if (stream_.at_operator("|")) {
      stream_.take();
      LOCI_TRY(base, filter(std::move(base)));
    } else if (stream_.at_name("is")) {
      LOCI_TRY(base, test(std::move(base)));
    } else if (stream_.at_operator("(")) {
      LOCI_TRY(base, call(std::move(base)));
    } else {
      return base;
    }
  }
}

Result<ExprPtr> ExpressionParser::filter_chain(ExprPtr input) {
  while (stream_.skip_operator("|")) {
    LOCI_TRY(input, filter(std::move(input)));
  }
  return input;
}

Result<ExprPtr> ExpressionParser::filter_head() {
  LOCI_TRY(ExprPtr first, filter(nullptr));
  return filter_chain(std::move(first));
}

Result<ExprPtr> ExpressionParser::filter(ExprPtr input) {
  const std::uint32_t line = stream_.line();
  LOCI_TRY(std::string name, stream_.expect_name());
  while (stream_.skip_operator(".")) {
    LOCI_TRY(const std::string part, stream_.expect_name());
    name += "." + part;
  }
  Arguments args;
  if (stream_.at_operator("(")) {
    LOCI_TRY(args, arguments());
  }
  const FilterEntry* entry = find_filter(name);
  return make(line, FilterExpr{std::move(input), std::move(name), entry, std::move(args)});
}

bool ExpressionParser::at_test_argument() const {
  switch (stream_.current().kind) {
    case TokenKind::kString:
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return true;
    case TokenKind::kOperator:
      return stream_.at_operator("[") || stream_.at_operator("{");
    case TokenKind::kName: {
      for (const char* word : {"else", "or", "and", "if", "in", "not", "is", "recursive"}) {
        if (stream_.at_name(word)) return false;
      }
      return true;
    }
    default:
      return false;
  }
}

Result<ExprPtr> ExpressionParser::test(ExprPtr input) {
  const std::uint32_t line = stream_.take().line;
  const bool negated = stream_.skip_name("not");
  LOCI_TRY(std::string name, stream_.expect_name());
  Arguments args;
  if (stream_.at_operator("(")) {
    LOCI_TRY(args, arguments());
  } else if (at_test_argument()) {
    LOCI_TRY(ExprPtr argument, primary());
    LOCI_TRY(argument, postfix(std::move(argument)));
    args.positional.push_back(std::move(argument));
  }
  const TestEntry* entry = find_test(name);
  return make(line, TestExpr{std::move(input), std::move(name), entry, negated, std::move(args)});
}

Result<Target> ExpressionParser::single_target(bool attributes) {
  const Nesting nesting(depth);
  LOCI_TRY_VOID(check_nesting());
  if (stream_.skip_operator("(")) {
    LOCI_TRY(Target inside, target(attributes));
    LOCI_TRY_VOID(stream_.expect_operator(")"));
    return inside;
  }
  const std::uint32_t line = stream_.line();
  LOCI_TRY(const std::string name, stream_.expect_name());
  for (const char* constant : {"true", "false", "none", "True", "False", "None"}) {
    if (name == constant) return syntax_error(line, "cannot assign to '{}'", name);
  }
  if (!attributes || !stream_.skip_operator(".")) return Target{symbols_.of(name)};
  LOCI_TRY(std::string attribute_name, stream_.expect_name());
  return Target{Target::Attribute{symbols_.of(name), std::move(attribute_name)}};
}

Result<Target> ExpressionParser::target(bool attributes) {
  LOCI_TRY(Target first, single_target(attributes));
  if (!stream_.at_operator(",")) return first;
  std::vector<Target> all;
  all.push_back(std::move(first));
  while (stream_.skip_operator(",") && !at_tuple_end() && !stream_.at_operator("=")) {
    LOCI_TRY(Target next, single_target(attributes));
    all.push_back(std::move(next));
  }
  return Target{std::move(all)};
}

Result<ExprPtr> ExpressionParser::primary_with_calls() {
  LOCI_TRY(ExprPtr base, primary());
  return postfix(std::move(base));
}

}  // namespace loci::jinja
