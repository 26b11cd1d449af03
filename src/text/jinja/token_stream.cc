#include "text/jinja/token_stream.h"

namespace loci::jinja {

std::string TokenStream::describe() const {
  switch (current().kind) {
    case TokenKind::kData:
      return "text";
    case TokenKind::kVariableBegin:
      return "'{{'";
    case TokenKind::kVariableEnd:
      return "'}}'";
    case TokenKind::kBlockBegin:
      return "'{%'";
    case TokenKind::kBlockEnd:
      return "'%}'";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return fmt::format("'{}'", current().text.substr(0, 40));
  }
}

SymbolTable::SymbolTable() {
  for (const char* name : {"loop", "caller", "varargs", "kwargs"}) of(name);
}

Symbol SymbolTable::of(const std::string& name) {
  const auto [at, fresh] = numbers_.try_emplace(name, static_cast<Symbol>(names_.size()));
  if (fresh) names_.push_back(name);
  return at->second;
}

}  // namespace loci::jinja
