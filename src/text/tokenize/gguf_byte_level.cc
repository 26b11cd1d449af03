#include "text/tokenize/gguf_byte_level.h"

#include "base/log.h"
#include "text/tokenize/bpe_builder.h"
#include "text/tokenize/byte_alphabet.h"
#include "text/tokenize/gguf_pre_tokenizers.h"
#include "text/tokenize/gguf_vocabulary.h"
#include "text/tokenize/json_fields.h"

namespace loci {
namespace {

Result<std::unique_ptr<Vocabulary>> make_vocabulary(const GgufTokens& tokens) {
  auto vocabulary = std::make_unique<Vocabulary>(tokens.pieces->size());
  for (std::size_t id = 0; id < tokens.pieces->size(); ++id) {
    const std::string_view piece = (*tokens.pieces)[id];
    const PieceType type = tokens.types[id];
    const bool special = type == PieceType::kControl || type == PieceType::kUnknown;
    const bool literal = special || type == PieceType::kUserDefined;  // these stand in the file as in text
    const std::string bytes =
        literal ? std::string(piece) : from_byte_alphabet(piece).value_or(std::string(piece));
    const TokenKind kind = special ? TokenKind::kSpecial : TokenKind::kText;
    LOCI_TRY_VOID(vocabulary->add(static_cast<std::int64_t>(id), piece, bytes, kind));
  }
  return vocabulary;
}

Result<std::unique_ptr<const TokenModel>> make_model(const GgufMetadata& metadata,
                                                     const Vocabulary& vocabulary,
                                                     const GgufPreTokenizer& pre) {
  const auto* merges = metadata.array<std::string_view>("tokenizer.ggml.merges");
  if (merges == nullptr) return fail(ErrorCode::kCorrupt, "tokenizer.ggml.merges: missing, or not strings");
  BpeBuilder builder(vocabulary, merges->size());
  builder.use_bytes();
  std::size_t unknown = 0;  // merges that can never happen: llama.cpp loads such files, so people have them
  for (std::size_t i = 0; i < merges->size(); ++i) {
    const auto known = builder.add_known_merge((*merges)[i]);
    if (!known) return std::unexpected(Error(known.error()).in(fmt::format("tokenizer.ggml.merges[{}]", i)));
    unknown += *known ? 0 : 1;
  }
  if (unknown > 0)
    log_warning("tokenizer.ggml.merges: {} of {} name tokens that are not in the vocabulary and are left out",
                unknown, merges->size());
  if (pre.ignore_merges) builder.spec().whole_words = &vocabulary;
  return std::make_unique<BpeModel>(std::move(builder.spec()));
}

}  // namespace

Result<TokenizerParts> byte_level_from_gguf(const GgufMetadata& metadata) {
  LOCI_TRY(const auto name, metadata.get_or<std::string_view>("tokenizer.ggml.pre", "default"));
  const GgufPreTokenizer* pre = find_gguf_pre_tokenizer(name);
  if (pre == nullptr) return fail(ErrorCode::kUnsupported, "tokenizer.ggml.pre: {}", shown(name));
  LOCI_TRY(const GgufTokens tokens, read_gguf_tokens(metadata));
  TokenizerParts parts;
  LOCI_TRY(parts.vocabulary, make_vocabulary(tokens));
  LOCI_TRY_VOID(use_gguf_pre_tokenizer(*pre, parts));
  LOCI_TRY(parts.model, make_model(metadata, *parts.vocabulary, *pre));
  add_gguf_added_tokens(tokens, parts.raw_added);
  LOCI_TRY_VOID(read_gguf_special_tokens(
      metadata, {.adds_bos = pre->adds_bos, .adds_eos = false, .bos = {}, .eos = {}}, parts));
  return parts;
}

}  // namespace loci
