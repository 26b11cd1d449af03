#include "server/openai/tokenize_request.h"

#include "server/openai/parse_chat.h"

namespace loci {

Result<TokenizeRequest> parse_tokenize_request(const json::object& body) {
  TokenizeRequest request;
  FieldReader fields(body);
  refuse_unsupported(fields);
  fields.read("model", request.model);
  if (fields.has("messages")) {
    request.add_special_tokens = false;
    read_conversation(fields, request.input.emplace<ChatTemplateInput>());
  } else if (fields.has("prompt")) {
    fields.read("prompt", request.input.emplace<std::string>());
  } else {
    fields.refuse("prompt", "'prompt' or 'messages' is required");
  }
  fields.read("add_special_tokens", request.add_special_tokens);
  fields.read("return_token_strs", request.return_token_strs);
  LOCI_TRY_VOID(fields.status());
  return request;
}

Result<DetokenizeRequest> parse_detokenize_request(const json::object& body) {
  DetokenizeRequest request;
  FieldReader fields(body);
  fields.read("model", request.model);
  if (!fields.has("tokens")) fields.refuse("tokens", "'tokens' is required");
  fields.read_tokens("tokens", request.tokens, std::numeric_limits<std::size_t>::max());
  LOCI_TRY_VOID(fields.status());
  return request;
}

}  // namespace loci
