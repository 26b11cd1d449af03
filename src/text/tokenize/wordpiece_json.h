// The "model" of type WordPiece of a tokenizer.json.
#pragma once

#include "text/tokenize/model_context.h"

namespace loci {

Result<std::unique_ptr<const TokenModel>> wordpiece_from_json(const JsonPart& model,
                                                              const ModelContext& context);

}  // namespace loci
