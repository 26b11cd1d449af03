// What a GGUF file means by tokenizer.ggml.pre: the name stands for the pre-tokenizer of the model's own
// tokenizer.json, which the file does not hold.
#pragma once

#include <span>
#include <string_view>

#include "text/tokenize/pipeline_tokenizer.h"

namespace loci {

struct GgufPreTokenizer {
  std::string_view name;
  std::span<const std::string_view>
      patterns;                // each cuts the pieces that the one before it left (Split, Isolated)
  bool ignore_merges = false;  // a word that is a token is that token, whatever the merges say
  bool adds_bos = false;       // where tokenizer.ggml.add_bos_token does not say
  bool composes = false;       // the text is brought to NFC first
};

/// nullptr where the name is unknown. Besides GGUF's names there is "cl100k", tiktoken's own.
const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name);

/// Sets pre-tokenizer and normalizer of `parts` to what `pre` says.
Result<void> use_gguf_pre_tokenizer(const GgufPreTokenizer& pre, TokenizerParts& parts);

}  // namespace loci
