// The "model" of type BPE of a tokenizer.json.
#pragma once

#include "text/tokenize/model_context.h"

namespace loci {

Result<std::unique_ptr<const TokenModel>> bpe_from_json(const JsonPart& model, const ModelContext& context);

}  // namespace loci
