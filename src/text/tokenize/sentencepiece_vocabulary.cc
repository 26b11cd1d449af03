#include "text/tokenize/sentencepiece_vocabulary.h"

#include <algorithm>
#include <limits>

#include "text/tokenize/bpe_builder.h"
#include "text/tokenize/sentencepiece_step.h"
#include "text/tokenize/unigram_model.h"
#include "text/utf8.h"

namespace loci {
namespace {

// A piece of n characters has n - 1 splits of n bytes each; SentencePiece's own limit is 16 characters by
// default.
constexpr std::size_t kMaxPieceBytes = 1024;

std::string with_spaces(std::string_view piece) {
  std::string out;
  for (std::size_t at = 0; at < piece.size();) {
    const bool mark = piece.substr(at).starts_with(kSentencePieceSpace);
    out += mark ? ' ' : piece[at];
    at += mark ? kSentencePieceSpace.size() : 1;
  }
  return out;
}

bool is_text(PieceType type) {
  return type == PieceType::kNormal || type == PieceType::kUserDefined || type == PieceType::kUnused;
}

Result<void> add_piece(const ScoredPieces& pieces, std::size_t id, Vocabulary& vocabulary) {
  const std::string_view piece = pieces.pieces[id];
  const auto number = static_cast<std::int64_t>(id);
  switch (pieces.types[id]) {
    case PieceType::kUnknown:
    case PieceType::kControl:
      return vocabulary.add(number, piece, piece, TokenKind::kSpecial);
    case PieceType::kByte:
      break;
    default:
      return vocabulary.add(number, piece, with_spaces(piece), TokenKind::kText);
  }
  const int byte = parse_byte_piece(piece);
  if (byte < 0) return fail(ErrorCode::kCorrupt, "{}[{}]: a byte token that names no byte", pieces.key, id);
  return vocabulary.add(number, piece, std::string(1, static_cast<char>(byte)), TokenKind::kByte);
}

/// Scores as ranks: the highest score is rank 0, equal scores are equal ranks.
std::vector<std::uint32_t> ranks_of(const std::vector<double>& scores) {
  std::vector<double> order = scores;
  std::sort(order.begin(), order.end(), std::greater<>());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  std::vector<std::uint32_t> ranks(scores.size());
  std::transform(scores.begin(), scores.end(), ranks.begin(), [&](double score) {
    return static_cast<std::uint32_t>(std::lower_bound(order.begin(), order.end(), score, std::greater<>()) -
                                      order.begin());
  });
  return ranks;
}

/// Every way to put the piece `id` together from two others is a merge of its rank.
Result<void> add_merges_into(const ScoredPieces& pieces, std::size_t id, std::uint32_t rank,
                             const Vocabulary& vocabulary, BpeBuilder& builder) {
  const std::string_view piece = pieces.pieces[id];
  if (piece.size() > kMaxPieceBytes)
    return fail(ErrorCode::kUnsupported, "{}[{}]: longer than {} bytes", pieces.key, id, kMaxPieceBytes);
  const auto usable = [&](std::optional<TokenId> part) {
    return part && is_text(pieces.types[static_cast<std::size_t>(*part)]);
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

void set_fallback(std::optional<TokenId> unknown, BpeBuilder& builder) {
  builder.use_characters();
  builder.use_byte_fallback();
  builder.spec().unknown = unknown.value_or(BpeSpec::kNone);
  builder.spec().fuse_unknown = true;
}

float lowest_score(const ScoredPieces& pieces) {
  float lowest = std::numeric_limits<float>::max();
  for (std::size_t id = 0; id < pieces.scores.size(); ++id)
    if (pieces.types[id] == PieceType::kNormal)
      lowest = std::min(lowest, static_cast<float>(pieces.scores[id]));
  return lowest;
}

/// Of a piece that the model's maker defined: log probabilities are below 0, so that it wins over all ways to
/// cut the same bytes, and a longer one over shorter ones. The file's score is not read.
float user_defined_score(std::string_view piece) {
  return 0.1f * (static_cast<float>(piece.size()) - 1);
}

}  // namespace

Result<std::unique_ptr<Vocabulary>> sentencepiece_vocabulary(const ScoredPieces& pieces) {
  auto vocabulary = std::make_unique<Vocabulary>(pieces.pieces.size());
  for (std::size_t id = 0; id < pieces.pieces.size(); ++id) LOCI_TRY_VOID(add_piece(pieces, id, *vocabulary));
  return vocabulary;
}

Result<std::unique_ptr<const TokenModel>> sentencepiece_bpe(const ScoredPieces& pieces,
                                                            const Vocabulary& vocabulary,
                                                            std::optional<TokenId> unknown) {
  const std::vector<std::uint32_t> ranks = ranks_of(pieces.scores);
  BpeBuilder builder(vocabulary, 2 * pieces.types.size());
  set_fallback(unknown, builder);
  for (std::size_t id = 0; id < pieces.types.size(); ++id)
    if (is_text(pieces.types[id])) LOCI_TRY_VOID(add_merges_into(pieces, id, ranks[id], vocabulary, builder));
  builder.use_word_mark(kSentencePieceSpace);
  return std::make_unique<BpeModel>(std::move(builder.spec()));
}

std::unique_ptr<const TokenModel> sentencepiece_characters(const Vocabulary& vocabulary,
                                                           std::optional<TokenId> unknown) {
  BpeBuilder builder(vocabulary, 0);
  set_fallback(unknown, builder);
  return std::make_unique<BpeModel>(std::move(builder.spec()));
}

std::unique_ptr<const TokenModel> sentencepiece_unigram(const ScoredPieces& pieces,
                                                        const Vocabulary& vocabulary,
                                                        std::optional<TokenId> unknown) {
  UnigramSpec spec;
  spec.scores = pieces.scores;
  spec.unknown = unknown.value_or(UnigramSpec::kNone);
  spec.unknown_score = lowest_score(pieces) - 10.0f;
  spec.single_precision = true;
  spec.cached = false;  // a text is one word
  for (std::size_t id = 0; id < pieces.pieces.size(); ++id) {
    const std::string_view piece = pieces.pieces[id];
    const PieceType type = pieces.types[id];
    if (type != PieceType::kNormal && type != PieceType::kUserDefined) continue;
    spec.pieces.add(piece, static_cast<TokenId>(id));
    if (type == PieceType::kUserDefined) spec.scores[id] = user_defined_score(piece);
  }
  bool falls_back = true;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    spec.bytes[byte] = vocabulary.find(fmt::format("<0x{:02X}>", byte)).value_or(UnigramSpec::kNone);
    falls_back = falls_back && spec.bytes[byte] != UnigramSpec::kNone;
  }
  spec.fuse_unknown = !falls_back;
  return std::make_unique<UnigramModel>(std::move(spec));
}

}  // namespace loci
