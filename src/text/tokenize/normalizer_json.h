// The "normalizer" of a tokenizer.json.
#pragma once

#include "text/tokenize/json_fields.h"
#include "text/tokenize/normalizer.h"

namespace loci {

/// kUnsupported naming the kind where it is none that Loci knows, or where replacements could blow a text up.
Result<Normalizer> normalizer_from_json(const JsonPart& part);

}  // namespace loci
