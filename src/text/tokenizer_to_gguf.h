// Writes the tokenizer of a Hugging Face folder as GGUF's keys tokenizer.ggml.*, which hold less: tokens,
// merges or scores, and a name for the pre-tokenizer. So what was written is read back and compared with the
// folder's own tokenizer on texts that tell pre-tokenizers apart.
#pragma once

#include "tensor/gguf_writer.h"
#include "tensor/tokenizer_files.h"

namespace loci {

/// `vocab_size`: rows of the model's embedding; ids without a token get one that no text makes. kUnsupported
/// naming the kind of tokenizer that GGUF has no keys for, or that is none of those whose pre-tokenizer has a
/// name.
Result<> tokenizer_to_gguf(const TokenizerFiles& files, int vocab_size, GgufWriter& writer);

}  // namespace loci
