#include "base/json.h"
#include "server/api/api.h"
#include "server/generation/generation_run.h"
#include "server/openai/completion_request.h"
#include "server/openai/openai_writer.h"

namespace loci::api {
namespace {

std::vector<TokenId> encode(const Tokenizer& tokenizer, const CompletionPrompt& prompt,
                            bool add_special_tokens) {
  if (const auto* tokens = std::get_if<std::vector<TokenId>>(&prompt)) return *tokens;
  return tokenizer.encode(std::get<std::string>(prompt),
                          {.add_special_tokens = add_special_tokens, .parse_special_tokens = true});
}

EchoedPrompt echo_of(const Tokenizer& tokenizer, const CompletionPrompt& prompt,
                     const std::vector<TokenId>& tokens, bool skip_special) {
  const auto* text = std::get_if<std::string>(&prompt);
  return {text != nullptr ? *text : tokenizer.decode(tokens, skip_special), tokens};
}

}  // namespace

ApiResult<> completions(ApiCall& call) {
  const ServedModel& served = *call.served;
  const Tokenizer& tokenizer = served.model.tokenizer();
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(CompletionRequest request, parse_completion_request(body, served.parse_context()));
  LOCI_TRY_VOID(check_model(served, request.generation.model));
  take_request_id(call, request.generation.terms);
  GenerationJob job{.request = std::move(request.generation),
                    .prompts = {},
                    .default_max_tokens = kDefaultCompletionTokens,
                    .caller = call.caller};
  std::vector<EchoedPrompt> echoes;
  for (const CompletionPrompt& prompt : request.prompts) {
    job.prompts.push_back(encode(tokenizer, prompt, request.add_special_tokens));
    const auto outside = [&](TokenId token) { return token >= tokenizer.vocab_size(); };
    if (const auto bad = std::ranges::find_if(job.prompts.back(), outside); bad != job.prompts.back().end())
      return std::unexpected(ApiError(400, fmt::format("'prompt' has token {}, outside the vocabulary 0..{}",
                                                       *bad, tokenizer.vocab_size() - 1))
                                 .with_param("prompt"));
    if (request.echo)
      echoes.push_back(
          echo_of(tokenizer, prompt, job.prompts.back(), job.request.engine.skip_special_tokens));
  }
  OpenAiAnswer answer = openai_answer(call.exchange, served, job.request, job.prompts.size());
  answer.show_prompt_logprobs = find_field(body, "prompt_logprobs") != nullptr;
  auto writer = completion_writer(std::move(answer), std::move(echoes));
  return start_generation(call.exchange, served, call.state.metrics, std::move(job), std::move(writer));
}

}  // namespace loci::api
