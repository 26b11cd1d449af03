#include "text/tokenize/gguf_sentencepiece.h"

#include <algorithm>
#include <cmath>

#include "text/tokenize/bpe_builder.h"
#include "text/tokenize/gguf_vocabulary.h"
#include "text/utf8.h"

namespace loci {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // "▁"
// A piece of n characters has n - 1 splits of n bytes each; SentencePiece's own limit is 16 characters by
// default.
constexpr std::size_t kMaxPieceBytes = 1024;

std::string with_spaces(std::string_view piece) {
  std::string out;
  for (std::size_t at = 0; at < piece.size();) {
    const bool mark = piece.substr(at).starts_with(kSpaceMark);
    out += mark ? ' ' : piece[at];
    at += mark ? kSpaceMark.size() : 1;
  }
  return out;
}

bool merges_into(GgufTokenType type) {
  return type == GgufTokenType::kNormal || type == GgufTokenType::kUserDefined ||
         type == GgufTokenType::kUnused;
}

Result<void> add_token(const GgufTokens& tokens, std::size_t id, Vocabulary& vocabulary) {
  const std::string_view piece = (*tokens.pieces)[id];
  const auto number = static_cast<std::int64_t>(id);
  switch (tokens.types[id]) {
    case GgufTokenType::kUnknown:
    case GgufTokenType::kControl:
      return vocabulary.add(number, piece, piece, TokenKind::kSpecial);
    case GgufTokenType::kUserDefined:
      return vocabulary.add(number, piece, piece, TokenKind::kText);
    case GgufTokenType::kByte:
      break;
    default:
      return vocabulary.add(number, piece, with_spaces(piece), TokenKind::kText);
  }
  const int byte = parse_byte_piece(piece);
  if (byte < 0)
    return fail(ErrorCode::kCorrupt, "tokenizer.ggml.tokens[{}]: a byte token that names no byte", id);
  return vocabulary.add(number, piece, std::string(1, static_cast<char>(byte)), TokenKind::kByte);
}

/// Scores as ranks: the highest score is rank 0, equal scores are equal ranks.
Result<std::vector<std::uint32_t>> ranks_of_scores(const GgufMetadata& metadata, std::size_t count) {
  const auto* scores = metadata.array<double>("tokenizer.ggml.scores");
  if (scores == nullptr) return fail(ErrorCode::kCorrupt, "tokenizer.ggml.scores: missing, or not numbers");
  if (scores->size() != count)
    return fail(ErrorCode::kCorrupt, "tokenizer.ggml.scores: {} scores for {} tokens", scores->size(), count);
  const auto nan = std::find_if(scores->begin(), scores->end(), [](double s) { return std::isnan(s); });
  if (nan != scores->end())
    return fail(ErrorCode::kCorrupt, "tokenizer.ggml.scores[{}]: not a number", nan - scores->begin());
  std::vector<double> order = *scores;
  std::sort(order.begin(), order.end(), std::greater<>());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  std::vector<std::uint32_t> ranks(count);
  std::transform(scores->begin(), scores->end(), ranks.begin(), [&](double score) {
    return static_cast<std::uint32_t>(std::lower_bound(order.begin(), order.end(), score, std::greater<>()) -
                                      order.begin());
  });
  return ranks;
}

/// Every way to put the piece `id` together from two others is a merge of its rank.
Result<void> add_merges_into(const GgufTokens& tokens, std::size_t id, std::uint32_t rank,
                             const Vocabulary& vocabulary, BpeBuilder& builder) {
  const std::string_view piece = (*tokens.pieces)[id];
  if (piece.size() > kMaxPieceBytes)
    return fail(ErrorCode::kUnsupported, "tokenizer.ggml.tokens[{}]: longer than {} bytes", id,
                kMaxPieceBytes);
  const auto usable = [&](std::optional<TokenId> part) {
    return part && merges_into(tokens.types[static_cast<std::size_t>(*part)]);
  };
  for (std::size_t cut = 1; cut < piece.size(); ++cut) {
    if ((static_cast<unsigned char>(piece[cut]) & 0xC0) == 0x80) continue;  // inside a character
    const auto left = vocabulary.find(piece.substr(0, cut));
    if (!usable(left)) continue;
    const auto right = vocabulary.find(piece.substr(cut));
    if (usable(right)) builder.add_merge(*left, *right, {rank, static_cast<TokenId>(id)});
  }
  return {};
}

Result<std::unique_ptr<const TokenModel>> make_model(const GgufMetadata& metadata, const GgufTokens& tokens,
                                                     const Vocabulary& vocabulary) {
  LOCI_TRY(const std::vector<std::uint32_t> ranks, ranks_of_scores(metadata, tokens.types.size()));
  BpeBuilder builder(vocabulary, 2 * tokens.types.size());
  builder.use_characters();
  builder.use_byte_fallback();
  LOCI_TRY(const std::optional<TokenId> unknown, gguf_token_id(metadata, "unknown_token_id", vocabulary, 0));
  builder.spec().unknown = unknown.value_or(BpeSpec::kNone);
  builder.spec().fuse_unknown = true;
  for (std::size_t id = 0; id < tokens.types.size(); ++id)
    if (merges_into(tokens.types[id]))
      LOCI_TRY_VOID(add_merges_into(tokens, id, ranks[id], vocabulary, builder));
  builder.use_word_mark(kSpaceMark);
  return std::make_unique<BpeModel>(std::move(builder.spec()));
}

}  // namespace

Result<TokenizerParts> sentencepiece_from_gguf(const GgufMetadata& metadata) {
  LOCI_TRY(const GgufTokens tokens, read_gguf_tokens(metadata));
  TokenizerParts parts;
  parts.vocabulary = std::make_unique<Vocabulary>(tokens.pieces->size());
  for (std::size_t id = 0; id < tokens.types.size(); ++id)
    LOCI_TRY_VOID(add_token(tokens, id, *parts.vocabulary));
  LOCI_TRY(parts.model, make_model(metadata, tokens, *parts.vocabulary));
  LOCI_TRY(const bool prefix, metadata.get_or<bool>("tokenizer.ggml.add_space_prefix", true));
  parts.strips_leading_space = prefix;
  std::vector<NormalizerStepPtr> steps;
  if (prefix) steps.push_back(prepend_step(" "));
  steps.push_back(replace_step(" ", std::string(kSpaceMark)));
  parts.normalizer = Normalizer(std::move(steps));
  add_gguf_added_tokens(tokens, parts.raw_added);
  LOCI_TRY_VOID(read_gguf_special_tokens(metadata, {.adds_bos = true, .bos = 1, .eos = 2}, parts));
  return parts;
}

}  // namespace loci
