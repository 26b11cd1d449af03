// What a checkpoint says about generation: sampling defaults, and the tokens that end a text or a turn.
#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "tensor/checkpoint.h"
#include "text/tokenizer.h"

namespace loci {

/// Sampling defaults that a model's authors recommend; a request's own values win.
struct GenerationDefaults {
  std::optional<float> temperature, top_p, min_p, repetition_penalty;
  std::optional<int> top_k, max_new_tokens;
  bool operator==(const GenerationDefaults&) const = default;
};

/// Those of generation_config.json, or of `general.sampling.*` in GGUF metadata. kCorrupt naming a field that
/// is not a number.
Result<GenerationDefaults> read_generation_defaults(const Checkpoint& checkpoint);

/// End of sequence and end of turn, without repetition: `eos_token_id` of generation_config.json and
/// config.json (a number or a list), the eos, eot and eom ids of GGUF metadata, and the tokenizer's own EOS.
std::vector<TokenId> read_end_tokens(const Checkpoint& checkpoint, const Tokenizer& tokenizer);

}  // namespace loci
