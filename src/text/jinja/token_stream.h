// The parser's view of the tokens: one place, moving on; and the table of names.
#pragma once

#include <map>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"

namespace loci::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}  // ends in kEnd

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  std::uint32_t line() const { return current().line; }
  Token take() {
    Token taken = std::move(tokens_[at_]);
    tokens_[at_].kind = taken.kind;
    tokens_[at_].line = taken.line;
    if (at_ + 1 < tokens_.size()) ++at_;
    return taken;
  }

  static bool is(const Token& token, TokenKind kind, std::string_view text) {
    return token.kind == kind && token.text == text;
  }
  bool at(TokenKind kind) const { return current().kind == kind; }
  bool at_operator(std::string_view text) const { return is(current(), TokenKind::kOperator, text); }
  bool at_name(std::string_view text) const { return is(current(), TokenKind::kName, text); }

  bool skip_operator(std::string_view text) { return at_operator(text) && (take(), true); }
  bool skip_name(std::string_view text) { return at_name(text) && (take(), true); }

  Result<void> expect_operator(std::string_view text) {
    if (skip_operator(text)) return {};
    return syntax_error(line(), "expected '{}', got {}", text, describe());
  }
  Result<std::string> expect_name() {
    if (at(TokenKind::kName)) return take().text;
    return syntax_error(line(), "expected a name, got {}", describe());
  }
  Result<void> expect_block_end() {
    if (!at(TokenKind::kBlockEnd))
      return syntax_error(line(), "expected the end of the tag, got {}", describe());
    take();
    return {};
  }

  /// The present token, for an error.
  std::string describe() const;

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

class SymbolTable {
 public:
  SymbolTable();
  Symbol of(const std::string& name);
  std::vector<std::string> take() { return std::move(names_); }

 private:
  std::map<std::string, Symbol> numbers_;
  std::vector<std::string> names_;
};

}  // namespace loci::jinja
