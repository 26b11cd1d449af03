#include "server/api/api.h"
#include "server/openai/generation_request.h"
#include "server/openai/tokenize_request.h"
#include "text/utf8.h"

namespace loci::api {
namespace {

Result<std::vector<TokenId>> encode(const LoadedModel& model, TokenizeRequest& request) {
  if (auto* conversation = std::get_if<ChatTemplateInput>(&request.input))
    return model.encode_chat(std::move(*conversation), {.add_special_tokens = request.add_special_tokens});
  return model.tokenizer().encode(
      std::get<std::string>(request.input),
      {.add_special_tokens = request.add_special_tokens, .parse_special_tokens = true});
}

}  // namespace

ApiResult<> tokenize(ApiCall& call) {
  const ServedModel& served = *call.served;
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(TokenizeRequest request, parse_tokenize_request(body));
  LOCI_TRY_VOID(check_model(served, request.model));
  LOCI_TRY(const std::vector<TokenId> tokens, encode(served.model, request));
  json::value pieces = nullptr;
  if (request.return_token_strs) {
    json::array& list = pieces.emplace_array();
    for (const TokenId token : tokens)
      list.emplace_back(to_valid_utf8(served.model.tokenizer().piece(token)));
  }
  const json::object answer{{"count", tokens.size()},
                            {"max_model_len", served.engine.max_model_len()},
                            {"tokens", json::array(tokens.begin(), tokens.end())},
                            {"token_strs", std::move(pieces)}};
  call.exchange->respond(json_response(json::serialize(answer)));
  return {};
}

}  // namespace loci::api
