// tokenizer.ggml.model "bert": WordPiece.
#pragma once

#include "tensor/gguf.h"
#include "text/tokenize/pipeline_tokenizer.h"

namespace loci {

Result<TokenizerParts> wordpiece_from_gguf(const GgufMetadata& metadata);

}  // namespace loci
