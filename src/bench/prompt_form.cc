#include "bench/prompt_form.h"

#include <algorithm>

namespace loci::bench {
namespace {

/// Below this many, or a quarter of a small vocabulary, ids are often those of control tokens and single
/// bytes.
constexpr TokenId kFirstId = 256;

Result<std::string> use_text(const ServerAddress& server, const PromptFormOptions& options,
                             BodyOptions& body) {
  body.form = PromptForm::kText;
  if (options.tokens_per_word) {
    body.tokens_per_word = *options.tokens_per_word;
    return "";
  }
  const auto tokens = tokenize(server, body.model, word_sample(), options.limit);
  if (!tokens) return "the server has no /tokenize: prompts are words, one for each token";
  body.tokens_per_word = static_cast<double>(tokens->size()) / kSampleWords;
  return fmt::format("prompts are words of {:.2f} tokens", body.tokens_per_word);
}

}  // namespace

Result<std::string> choose_prompt_form(const ServerAddress& server, const PromptFormOptions& options,
                                       BodyOptions& body) {
  if (body.api == Api::kChat && options.form == PromptForm::kIds)
    return fail(ErrorCode::kInvalidArgument, "--prompt-as: chats take no token ids");
  if (body.api == Api::kChat || options.form == PromptForm::kText) return use_text(server, options, body);
  body.form = PromptForm::kIds;
  if (options.vocab_size > 0) {
    body.alphabet = {.first = std::min(kFirstId, options.vocab_size / 4), .limit = options.vocab_size};
    return "";
  }
  auto ids = tokenize(server, body.model, word_sample(), options.limit);
  if (!ids && options.form == PromptForm::kIds)
    return fail(ErrorCode::kInvalidArgument, "{}: give --vocab-size, below which ids are drawn",
                ids.error().message);
  if (!ids) return use_text(server, options, body);
  std::ranges::sort(*ids);
  ids->erase(std::ranges::unique(*ids).begin(), ids->end());
  body.alphabet = {.list = std::move(*ids)};
  return "";
}

}  // namespace loci::bench
