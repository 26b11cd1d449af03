// SentencePiece's two models from their pieces, scores and types, whichever file these come from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenize/piece_type.h"
#include "text/tokenize/token_model.h"
#include "text/tokenize/vocabulary.h"

namespace loci {

struct ScoredPieces {
  std::vector<std::string_view> pieces;  // [id]; valid UTF-8
  std::vector<double> scores;            // [id]; no NaN
  std::vector<PieceType> types;          // [id]
  std::string_view key;                  // what errors call them: "KEY[3]: ..."
};

/// All pieces, with the bytes that they stand for. kCorrupt where a byte piece names no byte.
Result<std::unique_ptr<Vocabulary>> sentencepiece_vocabulary(const ScoredPieces& pieces);

/// BPE: of all neighbours that are a piece together, those of the highest score become one first. A character
/// without a piece is its bytes where the vocabulary has them all, else `unknown`. kUnsupported where a piece
/// is too long to be taken apart.
Result<std::unique_ptr<const TokenModel>> sentencepiece_bpe(const ScoredPieces& pieces,
                                                            const Vocabulary& vocabulary,
                                                            std::optional<TokenId> unknown);
/// Characters alone.
std::unique_ptr<const TokenModel> sentencepiece_characters(const Vocabulary& vocabulary,
                                                           std::optional<TokenId> unknown);
/// Unigram, in float as SentencePiece computes.
std::unique_ptr<const TokenModel> sentencepiece_unigram(const ScoredPieces& pieces,
                                                        const Vocabulary& vocabulary,
                                                        std::optional<TokenId> unknown);

}  // namespace loci
