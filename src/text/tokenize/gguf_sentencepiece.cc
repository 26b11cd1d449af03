#include "text/tokenize/gguf_sentencepiece.h"

#include <algorithm>
#include <cmath>

#include "text/tokenize/gguf_vocabulary.h"
#include "text/tokenize/sentencepiece_step.h"
#include "text/tokenize/sentencepiece_vocabulary.h"

namespace loci {
namespace {

Result<ScoredPieces> read_pieces(const GgufMetadata& metadata) {
  LOCI_TRY(GgufTokens tokens, read_gguf_tokens(metadata));
  const auto* scores = metadata.array<double>("tokenizer.ggml.scores");
  if (scores == nullptr) return fail(ErrorCode::kCorrupt, "tokenizer.ggml.scores: missing, or not numbers");
  if (scores->size() != tokens.types.size())
    return fail(ErrorCode::kCorrupt, "tokenizer.ggml.scores: {} scores for {} tokens", scores->size(),
                tokens.types.size());
  const auto nan = std::find_if(scores->begin(), scores->end(), [](double s) { return std::isnan(s); });
  if (nan != scores->end())
    return fail(ErrorCode::kCorrupt, "tokenizer.ggml.scores[{}]: not a number", nan - scores->begin());
  return ScoredPieces{*tokens.pieces, *scores, std::move(tokens.types), "tokenizer.ggml.tokens"};
}

void add_added_tokens(const ScoredPieces& pieces, AddedTokens& added) {
  add_gguf_added_tokens({&pieces.pieces, pieces.types}, added);
}

/// tokenizer.ggml.precompiled_charsmap: bytes, as numbers.
Result<Charsmap> read_charsmap(const GgufMetadata& metadata) {
  const auto* numbers = metadata.array<std::int64_t>("tokenizer.ggml.precompiled_charsmap");
  std::string blob;
  if (numbers != nullptr)
    for (const std::int64_t number : *numbers) blob.push_back(static_cast<char>(number));
  auto rules = Charsmap::parse(blob);
  if (!rules) return std::unexpected(std::move(rules).error().in("tokenizer.ggml.precompiled_charsmap"));
  return rules;
}

Result<Normalizer> unigram_normalizer(const GgufMetadata& metadata, const ScoredPieces& pieces) {
  SentencePieceNormalization options;
  LOCI_TRY(options.rules, read_charsmap(metadata));
  LOCI_TRY(options.add_dummy_prefix, metadata.get_or<bool>("tokenizer.ggml.add_space_prefix", true));
  LOCI_TRY(options.remove_extra_whitespaces,
           metadata.get_or<bool>("tokenizer.ggml.remove_extra_whitespaces", false));
  for (std::size_t id = 0; id < pieces.types.size(); ++id)
    if (pieces.types[id] == PieceType::kUserDefined)
      options.kept.add(pieces.pieces[id], static_cast<TokenId>(id));
  std::vector<NormalizerStepPtr> steps;
  steps.push_back(sentencepiece_step(std::move(options)));
  return Normalizer(std::move(steps));
}

}  // namespace

Result<TokenizerParts> sentencepiece_from_gguf(const GgufMetadata& metadata) {
  LOCI_TRY(const ScoredPieces pieces, read_pieces(metadata));
  TokenizerParts parts;
  LOCI_TRY(parts.vocabulary, sentencepiece_vocabulary(pieces));
  LOCI_TRY(const auto unknown, gguf_token_id(metadata, "unknown_token_id", *parts.vocabulary, 0));
  LOCI_TRY(parts.model, sentencepiece_bpe(pieces, *parts.vocabulary, unknown));
  LOCI_TRY(const bool prefix, metadata.get_or<bool>("tokenizer.ggml.add_space_prefix", true));
  parts.strips_leading_space = prefix;
  std::vector<NormalizerStepPtr> steps;
  if (prefix) steps.push_back(prepend_step(" "));
  steps.push_back(replace_step(" ", std::string(kSentencePieceSpace)));
  parts.normalizer = Normalizer(std::move(steps));
  add_added_tokens(pieces, parts.raw_added);
  LOCI_TRY_VOID(
      read_gguf_special_tokens(metadata, {.adds_bos = true, .adds_eos = false, .bos = 1, .eos = 2}, parts));
  return parts;
}

Result<TokenizerParts> unigram_from_gguf(const GgufMetadata& metadata) {
  LOCI_TRY(const ScoredPieces pieces, read_pieces(metadata));
  TokenizerParts parts;
  LOCI_TRY(parts.vocabulary, sentencepiece_vocabulary(pieces));
  LOCI_TRY(const auto unknown, gguf_token_id(metadata, "unknown_token_id", *parts.vocabulary, 2));
  parts.model = sentencepiece_unigram(pieces, *parts.vocabulary, unknown);
  LOCI_TRY(parts.normalizer, unigram_normalizer(metadata, pieces));
  parts.strips_leading_space = true;
  add_added_tokens(pieces, parts.raw_added);
  LOCI_TRY_VOID(
      read_gguf_special_tokens(metadata, {.adds_bos = false, .adds_eos = true, .bos = {}, .eos = 1}, parts));
  return parts;
}

}  // namespace loci
