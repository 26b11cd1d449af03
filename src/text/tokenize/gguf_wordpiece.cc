// The form of the pieces is llama.cpp's (convert_hf_to_gguf.py, BertModel): "▁" in front of those that begin
// a word, no "##" in front of those that go on. Its tokenizer lowers case and strips accents always.
#include "text/tokenize/gguf_wordpiece.h"

#include "text/tokenize/character_steps.h"
#include "text/tokenize/gguf_vocabulary.h"
#include "text/tokenize/wordpiece_model.h"

namespace loci {
namespace {

constexpr std::string_view kWordMark = "\xE2\x96\x81";  // "▁"

bool is_special(PieceType type) {
  return type == PieceType::kControl || type == PieceType::kUnknown;
}

Result<void> add_piece(const GgufTokens& tokens, std::size_t id, Vocabulary& vocabulary,
                       WordPieceSpec& spec) {
  const std::string_view piece = (*tokens.pieces)[id];
  const auto number = static_cast<std::int64_t>(id);
  const auto token = static_cast<TokenId>(id);
  if (is_special(tokens.types[id]))
    return vocabulary.add(number, piece, " " + std::string(piece), TokenKind::kSpecial);
  if (!piece.starts_with(kWordMark)) {
    spec.continuing.add(piece, token);
    return vocabulary.add(number, piece, piece, TokenKind::kText);
  }
  const std::string_view word = piece.substr(kWordMark.size());
  spec.initial.add(word, token);
  return vocabulary.add(number, piece, " " + std::string(word), TokenKind::kText);
}

/// BERT's CLS and SEP are what other models call BOS and EOS.
Result<void> read_frame(const GgufMetadata& metadata, TokenizerParts& parts) {
  const Vocabulary& vocabulary = *parts.vocabulary;
  LOCI_TRY(const auto bos, gguf_token_id(metadata, "bos_token_id", vocabulary, vocabulary.find("[CLS]")));
  LOCI_TRY(parts.bos, gguf_token_id(metadata, "cls_token_id", vocabulary, bos));
  LOCI_TRY(const auto eos, gguf_token_id(metadata, "eos_token_id", vocabulary, vocabulary.find("[SEP]")));
  LOCI_TRY(parts.eos, gguf_token_id(metadata, "seperator_token_id", vocabulary, eos));  // the key is spelt so
  if (parts.bos) parts.front = {*parts.bos};
  if (parts.eos) parts.behind = {*parts.eos};
  return {};
}

}  // namespace

Result<TokenizerParts> wordpiece_from_gguf(const GgufMetadata& metadata) {
  LOCI_TRY(const GgufTokens tokens, read_gguf_tokens(metadata));
  TokenizerParts parts;
  parts.vocabulary = std::make_unique<Vocabulary>(tokens.pieces->size());
  WordPieceSpec spec;
  for (std::size_t id = 0; id < tokens.types.size(); ++id)
    LOCI_TRY_VOID(add_piece(tokens, id, *parts.vocabulary, spec));
  LOCI_TRY(const auto unknown,
           gguf_token_id(metadata, "unknown_token_id", *parts.vocabulary, parts.vocabulary->find("[UNK]")));
  if (!unknown) return fail(ErrorCode::kCorrupt, "tokenizer.ggml.unknown_token_id: missing");
  spec.unknown = *unknown;
  parts.model = std::make_unique<WordPieceModel>(std::move(spec));
  parts.normalizer = Normalizer(bert_steps({}));
  parts.pre_tokenizer = bert_pre_tokenizer();
  parts.strips_leading_space = true;
  add_gguf_added_tokens(tokens, parts.raw_added);
  LOCI_TRY_VOID(read_frame(metadata, parts));
  return parts;
}

}  // namespace loci
