// The "post_processor" of a tokenizer.json, reduced to the special tokens around a single text.
#pragma once

#include <vector>

#include "text/tokenize/json_fields.h"
#include "text/tokenize/vocabulary.h"

namespace loci {

struct SpecialFrame {
  bool stated = false;  // the file says what is added, were it nothing
  std::vector<TokenId> front, behind;
};

/// kUnsupported naming the kind; kCorrupt where a token is not in `vocabulary`.
Result<SpecialFrame> post_processor_from_json(const JsonPart& part, const Vocabulary& vocabulary);

}  // namespace loci
