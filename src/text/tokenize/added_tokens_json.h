// The "added_tokens" of a tokenizer.json.
#pragma once

#include "text/tokenize/decoder_json.h"
#include "text/tokenize/json_fields.h"
#include "text/tokenize/pipeline_tokenizer.h"

namespace loci {

/// Adds every token to `parts.vocabulary` (or, where the model's vocabulary has it, gives it its kind) and to
/// `parts.raw_added` or `parts.normalized_added`. `decoder` says whether words have spaces in front. kCorrupt
/// where a name or an id belongs to another token.
Result<void> read_added_tokens(const json::array& tokens, const DecoderPlan& decoder, TokenizerParts& parts);

}  // namespace loci
