// What the reader of a tokenizer.json's model may look at besides its own part of the file.
#pragma once

#include <memory>
#include <string>

#include "text/tokenize/json_fields.h"
#include "text/tokenize/token_model.h"
#include "text/tokenize/vocabulary.h"

namespace loci {

struct ModelContext {
  const Vocabulary& vocabulary;  // of the model, without added tokens; outlives the model
  bool byte_level;               // pieces are in GPT-2's byte alphabet
  std::string space_mark;        // what stands for a space in a piece; empty: nothing does
};

/// "unk_token" of a model: its id, none where the file has no such field. kCorrupt where it is not in the
/// vocabulary.
Result<std::optional<TokenId>> unknown_token_from_json(const JsonPart& model, const Vocabulary& vocabulary);

}  // namespace loci
