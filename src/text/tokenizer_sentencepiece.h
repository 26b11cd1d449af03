// Reads SentencePiece's tokenizer.model (sentencepiece_proto.h).
#pragma once

#include <memory>
#include <string_view>

#include "base/json.h"
#include "text/tokenizer.h"

namespace loci {

/// `tokenizer_config` (tokenizer_config.json) says whether BOS and EOS are added; where it does not, the
/// models of type BPE get a BOS (Llama, Gemma) and the others an EOS (T5). kCorrupt naming the field;
/// kUnsupported where the model is of type WORD, or where the class of the configuration gives the pieces
/// other ids than the file.
Result<std::unique_ptr<Tokenizer>> tokenizer_from_sentencepiece(std::string_view bytes,
                                                                const json::object& tokenizer_config = {});

}  // namespace loci
