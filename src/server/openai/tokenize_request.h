// The bodies of /tokenize and /detokenize, in vLLM's shapes.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "server/openai/field_reader.h"
#include "text/chat_template.h"

namespace loci {

struct TokenizeRequest {
  std::optional<std::string> model;
  std::variant<std::string, ChatTemplateInput> input;  // "prompt", or "messages"
  bool add_special_tokens = true;                      // for messages false: the template writes them
  bool return_token_strs = false;
};
Result<TokenizeRequest> parse_tokenize_request(const json::object& body);

struct DetokenizeRequest {
  std::optional<std::string> model;
  std::vector<TokenId> tokens;
};
Result<DetokenizeRequest> parse_detokenize_request(const json::object& body);

}  // namespace loci
