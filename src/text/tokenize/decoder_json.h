// The "decoder" of a tokenizer.json, reduced to what a token's bytes and a text's beginning need.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "text/tokenize/json_fields.h"

namespace loci {

struct DecoderPlan {
  bool byte_level = false;            // pieces are in GPT-2's byte alphabet
  bool byte_fallback = false;         // "<0x0A>" is a byte
  bool strips_leading_space = false;  // of the whole text, one
  std::vector<std::pair<std::string, std::string>>
      replacements;               // in every piece, in order; no first is empty
  bool word_pieces = false;       // WordPiece: a piece is a word, with a space in front ...
  std::string continuing_prefix;  // ... unless it begins with this, which is dropped
  bool cleans_up = false;         // WordPiece: no space in front of punctuation and English contractions

  /// What the library does without a decoder: pieces with spaces between.
  static DecoderPlan none();

  /// What stands for a space in a piece ("▁"); empty: nothing does.
  std::string space_mark() const;
  /// The bytes that `piece`, which is no byte token, contributes to text.
  std::string bytes_of(std::string_view piece) const;
};

/// kUnsupported naming the kind, or the parameter that asks for anything else.
Result<DecoderPlan> decoder_from_json(const JsonPart& part);

}  // namespace loci
