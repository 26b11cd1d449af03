// The body of /v1/embeddings.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "server/openai/field_reader.h"
#include "server/openai/request_terms.h"

namespace loci {

inline constexpr std::size_t kMaxEmbeddingInputs = 2048;  // as OpenAI's

using EmbeddingInput = std::variant<std::string, std::vector<TokenId>>;

struct EmbeddingRequest {
  std::optional<std::string> model;
  RequestTerms terms;
  std::vector<EmbeddingInput> inputs;  // 1..kMaxEmbeddingInputs
  bool base64 = false;            // "encoding_format": float32 little-endian in base64 instead of numbers
  std::optional<int> dimensions;  // the first so many, normalised again
  std::optional<int>
      truncate_prompt_tokens;  // vLLM's: longer inputs keep their first tokens; -1: as the model can
};

/// "input" is a string, a list of strings, a list of token ids, or a list of such lists.
Result<EmbeddingRequest> parse_embedding_request(const json::object& body);

}  // namespace loci
