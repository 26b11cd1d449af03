// The "pre_tokenizer" of a tokenizer.json.
#pragma once

#include "text/tokenize/json_fields.h"
#include "text/tokenize/pre_tokenizer.h"

namespace loci {

struct PreTokenizerPlan {
  PreTokenizerPtr splitter;  // nullptr: a text is one word
  bool byte_level = false;   // the vocabulary is written in GPT-2's byte alphabet
};

/// kUnsupported naming the kind or the regular expression.
Result<PreTokenizerPlan> pre_tokenizer_from_json(const JsonPart& part);

/// "prepend_scheme" of a Metaspace, or its older form "add_prefix_space".
Result<PrependScheme> prepend_scheme_from_json(const JsonPart& part);

}  // namespace loci
