#include "text/tokenize/added_tokens_json.h"

namespace loci {
namespace {

Result<void> define(const JsonPart& part, std::int64_t id, const AddedToken& token,
                    const DecoderPlan& decoder, Vocabulary& vocabulary) {
  const std::string bytes = decoder.word_pieces ? decoder.bytes_of(token.content) : token.content;
  const TokenKind kind = token.special ? TokenKind::kSpecial : TokenKind::kText;
  const auto known = vocabulary.find(token.content);
  if (known && *known != id)
    return fail(ErrorCode::kCorrupt, "{}: {} is token {} already", part.at("id"), shown(token.content),
                *known);
  if (known) {
    // A piece of the model that is no special token keeps the bytes that the decoder gives it.
    const std::string kept(vocabulary.bytes(*known));
    vocabulary.redefine(*known, token.special ? bytes : kept, kind);
    return {};
  }
  auto added = vocabulary.add(id, token.content, bytes, kind);
  if (!added) return std::unexpected(std::move(added).error().in(part.at("id")));
  return {};
}

Result<void> read_token(const JsonPart& part, const DecoderPlan& decoder, TokenizerParts& parts) {
  LOCI_TRY(const std::int64_t id, part.integer("id"));
  AddedToken token;
  LOCI_TRY(token.content, part.text("content"));
  if (token.content.empty()) return {};  // nothing to find; the tokenizers library skips it too
  LOCI_TRY(token.special, part.flag_or("special", false));
  LOCI_TRY(token.single_word, part.flag_or("single_word", false));
  LOCI_TRY(token.left_strip, part.flag_or("lstrip", false));
  LOCI_TRY(token.right_strip, part.flag_or("rstrip", false));
  LOCI_TRY(const bool normalized, part.flag_or("normalized", !token.special));
  LOCI_TRY_VOID(define(part, id, token, decoder, *parts.vocabulary));
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

Result<void> read_added_tokens(const json::array& tokens, const DecoderPlan& decoder, TokenizerParts& parts) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    LOCI_TRY(const JsonPart part, JsonPart::of(tokens[i], fmt::format("added_tokens[{}]", i)));
    LOCI_TRY_VOID(read_token(part, decoder, parts));
  }
  return {};
}

}  // namespace loci
