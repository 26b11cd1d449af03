// tokenizer.ggml.model = "llama": SentencePiece's BPE. Two neighbours merge where the vocabulary has them as
// one piece; the piece of the highest score goes first. Kudo and Richardson 2018, arXiv:1808.06226.
#pragma once

#include "tensor/gguf.h"
#include "text/tokenize/pipeline_tokenizer.h"

namespace loci {

Result<TokenizerParts> sentencepiece_from_gguf(const GgufMetadata& metadata);

}  // namespace loci
