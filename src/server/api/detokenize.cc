#include "server/api/api.h"
#include "server/openai/generation_request.h"
#include "server/openai/tokenize_request.h"

namespace loci::api {

ApiResult<> detokenize(ApiCall& call) {
  const Tokenizer& tokenizer = call.served->model.tokenizer();
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(const DetokenizeRequest request, parse_detokenize_request(body));
  LOCI_TRY_VOID(check_model(*call.served, request.model));
  for (const TokenId token : request.tokens)
    if (token >= tokenizer.vocab_size())
      return std::unexpected(ApiError(400, fmt::format("'tokens' has {}, outside the vocabulary 0..{}", token,
                                                       tokenizer.vocab_size() - 1))
                                 .with_param("tokens"));
  const json::object answer{{"prompt", tokenizer.decode(request.tokens, /*skip_special=*/false)}};
  call.exchange->respond(json_response(json::serialize(answer)));
  return {};
}

}  // namespace loci::api
