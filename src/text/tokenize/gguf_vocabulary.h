// The keys of tokenizer.ggml.* that all kinds of models share: tokens, their types, special ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tensor/gguf.h"
#include "text/tokenize/piece_type.h"
#include "text/tokenize/pipeline_tokenizer.h"

namespace loci {

struct GgufTokens {
  const std::vector<std::string_view>* pieces;  // [id]; valid UTF-8
  std::vector<PieceType> types;                 // [id]; kNormal where the file has no types
};

/// kCorrupt where tokens are missing, are not UTF-8, or token_type has another length or an unknown number.
Result<GgufTokens> read_gguf_tokens(const GgufMetadata& metadata);

/// Control and unknown tokens are found in text as special ones, user-defined ones in any text.
void add_gguf_added_tokens(const GgufTokens& tokens, AddedTokens& added);

/// "tokenizer.ggml.KEY" as a token id; `fallback` where it is absent (none where that is not in the
/// vocabulary). kCorrupt where it is not in the vocabulary.
Result<std::optional<TokenId>> gguf_token_id(const GgufMetadata& metadata, std::string_view key,
                                             const Vocabulary& vocabulary, std::optional<TokenId> fallback);

struct GgufSpecialDefaults {
  bool adds_bos = false, adds_eos = false;
  std::optional<TokenId> bos, eos;
};
/// Fills bos, eos, front and behind of `parts`, whose vocabulary is complete.
Result<void> read_gguf_special_tokens(const GgufMetadata& metadata, const GgufSpecialDefaults& defaults,
                                      TokenizerParts& parts);

}  // namespace loci
