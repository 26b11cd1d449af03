// tokenizer.ggml.model "llama" (SentencePiece's BPE) and "t5" (its Unigram).
#pragma once

#include "tensor/gguf.h"
#include "text/tokenize/pipeline_tokenizer.h"

namespace loci {

Result<TokenizerParts> sentencepiece_from_gguf(const GgufMetadata& metadata);
Result<TokenizerParts> unigram_from_gguf(const GgufMetadata& metadata);

}  // namespace loci
