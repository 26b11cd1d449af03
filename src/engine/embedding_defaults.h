// What a checkpoint says about embeddings: how they are pooled and how long a text may be.
#pragma once

#include <optional>

#include "base/error.h"
#include "engine/pooling.h"
#include "tensor/checkpoint.h"

namespace loci {

struct EmbeddingDefaults {
  Pooling pooling = Pooling::kMean;
  std::optional<int> max_tokens{};  // longer texts are cut, special tokens included; none: they are refused
};

/// Those of sentence-transformers' files (1_Pooling/config.json, sentence_bert_config.json), or of
/// `*.pooling_type` in GGUF metadata. An encoder's texts are cut at its context at the latest. kUnsupported
/// naming a pooling that is none of mean, CLS and last, or a module of modules.json that is none of
/// Transformer, Pooling and Normalize.
Result<EmbeddingDefaults> read_embedding_defaults(const Checkpoint& checkpoint);

}  // namespace loci
