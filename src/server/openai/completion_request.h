// The body of /v1/completions, parsed.
#pragma once

#include <variant>
#include <vector>

#include "server/openai/generation_request.h"

namespace loci {

inline constexpr int kDefaultCompletionTokens = 16;  // OpenAI's
inline constexpr std::size_t kMaxPrompts = 1024;

using CompletionPrompt = std::variant<std::string, std::vector<TokenId>>;  // token ids are taken as they are

struct CompletionRequest {
  GenerationRequest generation;
  std::vector<CompletionPrompt> prompts;  // at least one, none empty
  bool echo = false;
  bool add_special_tokens = true;
};

Result<CompletionRequest> parse_completion_request(const json::object& body, const ParseContext& context);

}  // namespace loci
