// The "model" of type BPE of a tokenizer.json.
#pragma once

#include <memory>
#include <string_view>

#include "text/tokenize/json_fields.h"
#include "text/tokenize/token_model.h"
#include "text/tokenize/vocabulary.h"

namespace loci {

/// What a model's reader may look at besides its own part of the file.
struct ModelContext {
  const Vocabulary& vocabulary;  // of the model, without added tokens; outlives the model
  bool byte_level;               // pieces are in GPT-2's byte alphabet
  std::string_view space_mark;   // what stands for a space in a piece; empty: nothing does
};

Result<std::unique_ptr<const TokenModel>> bpe_from_json(const JsonPart& model, const ModelContext& context);

}  // namespace loci
