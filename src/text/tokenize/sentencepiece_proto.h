// SentencePiece's tokenizer.model: the message ModelProto of sentencepiece_model.proto, as far as encoding
// and decoding need it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/tokenize/piece_type.h"

namespace loci {

struct SentencePieceFile {
  enum class Model { kUnigram = 1, kBpe = 2, kWord = 3, kChar = 4 };

  std::vector<std::string_view> pieces;  // [id]; valid UTF-8; windows on the parsed bytes
  std::vector<double> scores;            // [id]; finite
  std::vector<PieceType> types;          // [id]
  Model model = Model::kUnigram;
  bool treat_whitespace_as_suffix = false;
  std::int32_t bos = 1, eos = 2;  // -1: there is none
  std::string_view charsmap;      // compiled normalization rules (Charsmap)
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
};

/// kCorrupt naming the field: "pieces[3].score: ...".
Result<SentencePieceFile> parse_sentencepiece(std::string_view bytes);

}  // namespace loci
