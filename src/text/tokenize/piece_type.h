// The kinds of pieces that SentencePiece tells apart; ggml's llama_token_type has the same numbers.
#pragma once

#include <cstdint>

namespace loci {

enum class PieceType : std::uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

}  // namespace loci
