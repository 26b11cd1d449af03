#include "text/tokenize/added_tokens_json.h"

namespace loci {
namespace {

Result<void> define(const JsonPart& part, std::int64_t id, const AddedToken& token, Vocabulary& vocabulary) {
  const TokenKind kind = token.special ? TokenKind::kSpecial : TokenKind::kText;
  const auto known = vocabulary.find(token.content);
  if (known && *known != id)
    return fail(ErrorCode::kCorrupt, "{}: {} is token {} already", part.at("id"), shown(token.content),
                *known);
  if (known) {
    // A piece of the model that is no special token keeps the bytes that the decoder gives it.
    vocabulary.redefine(*known, token.special ? std::string_view(token.content) : vocabulary.bytes(*known),
                        kind);
    return {};
  }
  auto added = vocabulary.add(id, token.content, token.content, kind);
  if (!added) return std::unexpected(std::move(added).error().in(part.at("id")));
  return {};
}

Result<void> read_token(const JsonPart& part, TokenizerParts& parts) {
  LOCI_TRY(const std::int64_t id, part.integer("id"));
  AddedToken token;
  LOCI_TRY(token.content, part.text("content"));
  if (token.content.empty()) return {};  // nothing to find; the tokenizers library skips it too
  LOCI_TRY(token.special, part.flag_or("special", false));
  LOCI_TRY(token.single_word, part.flag_or("single_word", false));
  LOCI_TRY(token.left_strip, part.flag_or("lstrip", false));
  LOCI_TRY(token.right_strip, part.flag_or("rstrip", false));
  LOCI_TRY(const bool normalized, part.flag_or("normalized", !token.special));
  LOCI_TRY_VOID(define(part, id, token, *parts.vocabulary));
  token.id = static_cast<TokenId>(id);
  if (!normalized || parts.normalizer.empty()) {
    parts.raw_added.add(std::move(token));
    return {};
  }
  token.content = parts.normalizer.apply(token.content);  // it is looked for in text that went the same way
  if (!token.content.empty()) parts.normalized_added.add(std::move(token));
  return {};
}

}  // namespace

Result<void> read_added_tokens(const json::array& tokens, TokenizerParts& parts) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    LOCI_TRY(const JsonPart part, JsonPart::of(tokens[i], fmt::format("added_tokens[{}]", i)));
    LOCI_TRY_VOID(read_token(part, parts));
  }
  return {};
}

}  // namespace loci
