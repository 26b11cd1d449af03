// Requests as the API wants them.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "bench/prompt.h"

namespace loci::bench {

enum class Api { kCompletions, kChat };
enum class PromptForm { kIds, kText };

struct BodyOptions {
  Api api = Api::kCompletions;
  PromptForm form = PromptForm::kIds;  // of prompts that are made; recorded text is text
  std::string model{};
  TokenAlphabet alphabet{};    // for ids
  double tokens_per_word = 1;  // for text
  bool ignore_eos = true;      // answers are as long as asked for
  std::optional<double> temperature = 0;
  json::object extra{};  // further fields; they win
};

/// What one request asks beside its prompt.
struct RequestShape {
  int output_tokens = 1;
  std::optional<int> priority{};
  bool asks_token_ids =
      false;  // of the answer, for a history of ids; servers that do not know it pass over it
};

/// The body of a streamed request that asks for the usage.
std::string request_body(const Conversation& conversation, const RequestShape& shape,
                         const BodyOptions& options);

/// True where the prompt goes as token ids.
bool goes_as_ids(const Conversation& conversation, const BodyOptions& options);

}  // namespace loci::bench
