// The files that transformers' slow tokenizers have, written as the tokenizer.json that transformers makes of
// them (convert_slow_tokenizer.py).
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "tensor/tokenizer_files.h"

namespace loci {

/// vocab.json and merges.txt, or encoder.json and vocab.bpe (GPT-2, Qwen2, Llama-3): byte-level BPE. `pre` as
/// in tokenizer_folder.h. Where neither it nor tokenizer_config.json's class tells the pre-tokenizer, the
/// number of tokens does for known vocabularies, else it is GPT-2's.
Result<json::object> tokenizer_json_of_merges(const TokenizerFiles& files, std::string_view pre);

/// vocab.txt (BERT): WordPiece, a piece a line.
Result<json::object> tokenizer_json_of_words(const TokenizerFiles& files);

}  // namespace loci
