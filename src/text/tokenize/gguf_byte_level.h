// tokenizer.ggml.model = "gpt2": byte-level BPE, its pre-tokenizer named by tokenizer.ggml.pre.
#pragma once

#include "tensor/gguf.h"
#include "text/tokenize/pipeline_tokenizer.h"

namespace loci {

Result<TokenizerParts> byte_level_from_gguf(const GgufMetadata& metadata);

}  // namespace loci
