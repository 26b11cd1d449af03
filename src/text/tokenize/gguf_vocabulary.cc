#include "text/tokenize/gguf_vocabulary.h"

#include "text/utf8.h"

namespace loci {

Result<GgufTokens> read_gguf_tokens(const GgufMetadata& metadata) {
  const auto* pieces = metadata.array<std::string_view>("tokenizer.ggml.tokens");
  if (pieces == nullptr || pieces->empty())
    return fail(ErrorCode::kCorrupt, "tokenizer.ggml.tokens: missing, empty, or not strings");
  for (std::size_t id = 0; id < pieces->size(); ++id)
    if (!is_valid_utf8((*pieces)[id]))
      return fail(ErrorCode::kCorrupt, "tokenizer.ggml.tokens[{}]: not UTF-8", id);
  GgufTokens tokens{pieces, std::vector<PieceType>(pieces->size(), PieceType::kNormal)};
  if (!metadata.contains("tokenizer.ggml.token_type")) return tokens;
  const auto* types = metadata.array<std::int64_t>("tokenizer.ggml.token_type");
  if (types == nullptr) return fail(ErrorCode::kCorrupt, "tokenizer.ggml.token_type: not integers");
  if (types->size() != pieces->size())
    return fail(ErrorCode::kCorrupt, "tokenizer.ggml.token_type: {} types for {} tokens", types->size(),
                pieces->size());
  for (std::size_t id = 0; id < types->size(); ++id) {
    const std::int64_t type = (*types)[id];
    if (type < 1 || type > 6)
      return fail(ErrorCode::kCorrupt, "tokenizer.ggml.token_type[{}]: {} is no type", id, type);
    tokens.types[id] = static_cast<PieceType>(type);
  }
  return tokens;
}

void add_gguf_added_tokens(const GgufTokens& tokens, AddedTokens& added) {
  for (std::size_t id = 0; id < tokens.types.size(); ++id) {
    const PieceType type = tokens.types[id];
    const bool special = type == PieceType::kControl || type == PieceType::kUnknown;
    const std::string_view piece = (*tokens.pieces)[id];
    if ((special || type == PieceType::kUserDefined) && !piece.empty())
      added.add({.content = std::string(piece), .id = static_cast<TokenId>(id), .special = special});
  }
}

Result<std::optional<TokenId>> gguf_token_id(const GgufMetadata& metadata, std::string_view key,
                                             const Vocabulary& vocabulary, std::optional<TokenId> fallback) {
  const std::string name = fmt::format("tokenizer.ggml.{}", key);
  if (!metadata.contains(name)) return fallback && vocabulary.contains(*fallback) ? fallback : std::nullopt;
  LOCI_TRY(const std::int64_t id, metadata.get<std::int64_t>(name));
  if (id < 0 || id >= vocabulary.size())
    return fail(ErrorCode::kCorrupt, "{}: {} is not among {} tokens", name, id, vocabulary.size());
  return static_cast<TokenId>(id);
}

Result<void> read_gguf_special_tokens(const GgufMetadata& metadata, const GgufSpecialDefaults& defaults,
                                      TokenizerParts& parts) {
  LOCI_TRY(parts.bos, gguf_token_id(metadata, "bos_token_id", *parts.vocabulary, defaults.bos));
  LOCI_TRY(parts.eos, gguf_token_id(metadata, "eos_token_id", *parts.vocabulary, defaults.eos));
  LOCI_TRY(const bool add_bos, metadata.get_or<bool>("tokenizer.ggml.add_bos_token", defaults.adds_bos));
  LOCI_TRY(const bool add_eos, metadata.get_or<bool>("tokenizer.ggml.add_eos_token", defaults.adds_eos));
  if (add_bos && parts.bos) parts.front = {*parts.bos};
  if (add_eos && parts.eos) parts.behind = {*parts.eos};
  return {};
}

}  // namespace loci
