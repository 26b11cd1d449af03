// The "decoder" of a tokenizer.json, reduced to what a token's bytes and a text's beginning need.
#pragma once

#include <string>

#include "text/tokenize/json_fields.h"

namespace loci {

struct DecoderPlan {
  bool byte_level = false;            // pieces are in GPT-2's byte alphabet
  bool byte_fallback = false;         // "<0x0A>" is a byte
  bool strips_leading_space = false;  // of the whole text, one
  std::string space_mark;             // what stands for a space in a piece; empty: nothing does
};

/// kUnsupported naming the kind, or the parameter that asks for anything else.
Result<DecoderPlan> decoder_from_json(const JsonPart& part);

}  // namespace loci
