// Statements: what stands between {% and %}, and the blocks that it opens.
#include "text/jinja/parser.h"

#include "text/jinja/ast_height.h"
#include "text/jinja/expression_parser.h"
#include "text/jinja/unicode.h"

namespace loci::jinja {
namespace {

class StatementParser {
 public:
  explicit StatementParser(std::vector<Token> tokens)
      : stream_(std::move(tokens)), expressions_(stream_, symbols_) {}

  Result<Program> run() {
    Program program;
    LOCI_TRY(program.body, block({}, 0));
    program.symbols = symbols_.take();
    return program;
  }

 private:
  using Words = std::initializer_list<std::string_view>;

  /// Statements up to a tag whose name is one of `ends`, which stays (its "{%" is taken); all, where there
  /// are none.
  Result<Block> block(Words ends, std::uint32_t opened) {
    const ExpressionParser::Nesting nesting(expressions_.depth);
    LOCI_TRY_VOID(expressions_.check_nesting());
    Block body;
    for (;;) {
      const Token token = stream_.take();
      StmtPtr statement;
      if (token.kind == TokenKind::kEnd) {
        if (ends.size() == 0) return body;
        return syntax_error(opened, "the block does not end: no '{}'", *(ends.end() - 1));
      }
      if (token.kind == TokenKind::kData) {
        LOCI_TRY(statement, make(token.line, DataStmt{token.text}));
      } else if (token.kind == TokenKind::kVariableBegin) {
        LOCI_TRY(statement, print(token.line));
      } else {
        for (const std::string_view end : ends) {
          if (stream_.at_name(end)) return body;
        }
        LOCI_TRY(statement, tag());
      }
      body.push_back(std::move(statement));
    }
  }

  /// The rest of an opening tag, the block, and the closing tag.
  Result<Block> body_until(std::string_view end, std::uint32_t line) {
    stream_.skip_operator(":");
    LOCI_TRY_VOID(stream_.expect_block_end());
    LOCI_TRY(Block body, block({end}, line));
    stream_.take();
    LOCI_TRY_VOID(stream_.expect_block_end());
    return body;
  }

  Result<StmtPtr> make(std::uint32_t line, decltype(Stmt::node) node) const {
    const int height = height_over(node);
    if (height > kMaxTreeHeight)
      return syntax_error(line, "the template is more than {} deep", kMaxTreeHeight);
    return std::make_unique<const Stmt>(Stmt{line, height, std::move(node)});
  }

  Result<StmtPtr> print(std::uint32_t line) {
    LOCI_TRY(ExprPtr value, expressions_.tuple());
    if (!stream_.at(TokenKind::kVariableEnd)) {
      return syntax_error(stream_.line(), "expected '}}}}', got {}", stream_.describe());
    }
    stream_.take();
    return make(line, PrintStmt{std::move(value)});
  }

  Result<StmtPtr> tag() {
    struct Tag {
      std::string_view name;
      Result<StmtPtr> (StatementParser::*parse)(std::uint32_t line);
    };
    static constexpr Tag kTags[] = {
        {"if", &StatementParser::if_tag},          {"for", &StatementParser::for_tag},
        {"set", &StatementParser::set_tag},        {"macro", &StatementParser::macro_tag},
        {"call", &StatementParser::call_tag},      {"filter", &StatementParser::filter_tag},
        {"with", &StatementParser::with_tag},      {"generation", &StatementParser::generation_tag},
        {"break", &StatementParser::loop_control}, {"continue", &StatementParser::loop_control},
        {"print", &StatementParser::print_tag}};
    const std::uint32_t line = stream_.line();
    for (const Tag& each : kTags) {
      if (stream_.at_name(each.name)) return (this->*each.parse)(line);
    }
    return syntax_error(line, "unknown tag {}", stream_.describe());
  }

  Result<StmtPtr> if_tag(std::uint32_t line) {
    IfStmt all;
    do {
      const std::uint32_t branch_line = stream_.take().line;
      LOCI_TRY(ExprPtr condition, expressions_.tuple(ExpressionParser::Conditional::kNot));
      stream_.skip_operator(":");
      LOCI_TRY_VOID(stream_.expect_block_end());
      LOCI_TRY(Block body, block({"elif", "else", "endif"}, branch_line));
      all.branches.emplace_back(std::move(condition), std::move(body));
    } while (stream_.at_name("elif"));
    if (stream_.take().text == "else") {
      LOCI_TRY(all.otherwise, body_until("endif", line));
    } else {
      LOCI_TRY_VOID(stream_.expect_block_end());
    }
    return make(line, std::move(all));
  }

  Result<StmtPtr> for_tag(std::uint32_t line) {
    stream_.take();
    ForStmt loop{};
    LOCI_TRY(loop.target, expressions_.target(false));
    if (!stream_.skip_name("in"))
      return syntax_error(stream_.line(), "expected 'in', got {}", stream_.describe());
    LOCI_TRY(loop.items, expressions_.tuple(ExpressionParser::Conditional::kNot));
    if (stream_.skip_name("if")) {
      LOCI_TRY(loop.condition, expressions_.expression());
    }
    loop.recursive = stream_.skip_name("recursive");
    stream_.skip_operator(":");
    LOCI_TRY_VOID(stream_.expect_block_end());
    ++loops_;
    LOCI_TRY(loop.body, block({"else", "endfor"}, line));
    --loops_;
    if (stream_.take().text == "else") {
      LOCI_TRY(loop.otherwise, body_until("endfor", line));
    } else {
      LOCI_TRY_VOID(stream_.expect_block_end());
    }
    return make(line, std::move(loop));
  }

  Result<StmtPtr> loop_control(std::uint32_t line) {
    const bool is_break = stream_.take().text == "break";
    if (loops_ == 0) return syntax_error(line, "'{}' outside of a loop", is_break ? "break" : "continue");
    LOCI_TRY_VOID(stream_.expect_block_end());
    if (is_break) return make(line, BreakStmt{});
    return make(line, ContinueStmt{});
  }

  Result<StmtPtr> set_tag(std::uint32_t line) {
    stream_.take();
    LOCI_TRY(Target target, expressions_.target(true));
    if (stream_.skip_operator("=")) {
      LOCI_TRY(ExprPtr value, expressions_.tuple());
      LOCI_TRY_VOID(stream_.expect_block_end());
      return make(line, SetStmt{std::move(target), std::move(value)});
    }
    LOCI_TRY(ExprPtr filters, expressions_.filter_chain(nullptr));
    LOCI_TRY(Block body, inner_body("endset", line));
    return make(line, SetBlockStmt{std::move(target), std::move(filters), std::move(body)});
  }

  /// A body that is not part of the loop around it: break and continue do not reach through.
  Result<Block> inner_body(std::string_view end, std::uint32_t line) {
    const int loops = std::exchange(loops_, 0);
    LOCI_TRY(Block body, body_until(end, line));
    loops_ = loops;
    return body;
  }

  Result<std::vector<Parameter>> parameters() {
    LOCI_TRY_VOID(stream_.expect_operator("("));
    std::vector<Parameter> all;
    while (!stream_.at_operator(")")) {
      if (!all.empty()) LOCI_TRY_VOID(stream_.expect_operator(","));
      const std::uint32_t line = stream_.line();
      LOCI_TRY(const std::string name, stream_.expect_name());
      Parameter parameter{symbols_.of(name), nullptr};
      if (stream_.skip_operator("=")) {
        LOCI_TRY(parameter.fallback, expressions_.expression());
      } else if (!all.empty() && all.back().fallback) {
        return syntax_error(line, "parameter '{}' without a default after one with", name);
      }
      all.push_back(std::move(parameter));
    }
    stream_.take();
    return all;
  }

  /// Body of a macro or of a call block, with the names that it uses without declaring them.
  Result<void> macro_body(MacroStmt& macro, std::string_view end, std::uint32_t line) {
    ExpressionParser& e = expressions_;
    const bool varargs = std::exchange(e.saw_varargs, false), kwargs = std::exchange(e.saw_kwargs, false),
               caller = std::exchange(e.saw_caller, false);
    LOCI_TRY(macro.body, inner_body(end, line));
    macro.takes_varargs = e.saw_varargs;
    macro.takes_kwargs = e.saw_kwargs;
    macro.takes_caller = e.saw_caller;
    for (const Parameter& parameter : macro.parameters) {
      if (parameter.name == kCaller) macro.takes_caller = false;
      if (parameter.name == kVarargs) macro.takes_varargs = false;
      if (parameter.name == kKwargs) macro.takes_kwargs = false;
    }
    e.saw_varargs |= varargs;
    e.saw_kwargs |= kwargs;
    e.saw_caller |= caller;
    return {};
  }

  Result<StmtPtr> macro_tag(std::uint32_t line) {
    stream_.take();
    MacroStmt macro{};
    LOCI_TRY(const std::string name, stream_.expect_name());
    macro.name = symbols_.of(name);
    LOCI_TRY(macro.parameters, parameters());
    LOCI_TRY_VOID(macro_body(macro, "endmacro", line));
    return make(line, std::move(macro));
  }

  Result<StmtPtr> call_tag(std::uint32_t line) {
    stream_.take();
    CallStmt call{};
    call.caller.name = kCaller;
    if (stream_.at_operator("(")) {
      LOCI_TRY(call.caller.parameters, parameters());
    }
    LOCI_TRY(call.call, expressions_.primary_with_calls());
    if (!std::holds_alternative<CallExpr>(call.call->node)) return syntax_error(line, "expected a call");
    LOCI_TRY_VOID(macro_body(call.caller, "endcall", line));
    return make(line, std::move(call));
  }

  Result<StmtPtr> filter_tag(std::uint32_t line) {
    stream_.take();
    FilterStmt filter;
    LOCI_TRY(filter.filters, expressions_.filter_head());
    LOCI_TRY(filter.body, inner_body("endfilter", line));
    return make(line, std::move(filter));
  }

  Result<StmtPtr> with_tag(std::uint32_t line) {
    stream_.take();
    WithStmt with;
    while (!stream_.at(TokenKind::kBlockEnd)) {
      if (!with.bindings.empty()) LOCI_TRY_VOID(stream_.expect_operator(","));
      LOCI_TRY(Target target, single_name());
      LOCI_TRY_VOID(stream_.expect_operator("="));
      LOCI_TRY(ExprPtr value, expressions_.expression());
      with.bindings.emplace_back(std::move(target), std::move(value));
    }
    LOCI_TRY(with.body, body_until("endwith", line));
    return make(line, std::move(with));
  }

  Result<Target> single_name() {
    LOCI_TRY(const std::string name, stream_.expect_name());
    return Target{symbols_.of(name)};
  }

  /// Marks what the model wrote, for training; here it only groups.
  Result<StmtPtr> generation_tag(std::uint32_t line) {
    stream_.take();
    LOCI_TRY(Block body, inner_body("endgeneration", line));
    return make(line, WithStmt{{}, std::move(body)});
  }

  Result<StmtPtr> print_tag(std::uint32_t line) {
    stream_.take();
    LOCI_TRY(ExprPtr value, expressions_.expression());
    LOCI_TRY_VOID(stream_.expect_block_end());
    return make(line, PrintStmt{std::move(value)});
  }

  TokenStream stream_;
  SymbolTable symbols_;
  ExpressionParser expressions_;
  int loops_ = 0;  // that a break here could leave
};

}  // namespace

Result<Program> parse_program(std::string_view source) {
  if (source.size() > kMaxSourceBytes) {
    return fail(ErrorCode::kCorrupt, "the template has {} bytes, more than {}", source.size(),
                kMaxSourceBytes);
  }
  if (!is_utf8(source)) return fail(ErrorCode::kCorrupt, "the template is not UTF-8");
  LOCI_TRY(std::vector<Token> tokens, tokenize(source));
  return StatementParser(std::move(tokens)).run();
}

}  // namespace loci::jinja
