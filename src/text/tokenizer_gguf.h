// Reads the tokenizer of a GGUF file: the keys tokenizer.ggml.*.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer
#pragma once

#include <memory>

#include "tensor/gguf.h"
#include "text/tokenizer.h"

namespace loci {

/// kCorrupt naming the key; kUnsupported naming a tokenizer.ggml.model or tokenizer.ggml.pre that Loci does
/// not know. The result owns its data; `metadata` may go.
Result<std::unique_ptr<Tokenizer>> tokenizer_from_gguf(const GgufMetadata& metadata);

}  // namespace loci
