#include "text/tokenizer_sentencepiece.h"

#include <algorithm>
#include <array>

#include "text/tokenize/json_fields.h"
#include "text/tokenize/pipeline_tokenizer.h"
#include "text/tokenize/sentencepiece_proto.h"
#include "text/tokenize/sentencepiece_step.h"
#include "text/tokenize/sentencepiece_vocabulary.h"

namespace loci {
namespace {

using Model = SentencePieceFile::Model;

/// Classes of transformers that put tokens of their own in front of the file's, so that all ids move.
constexpr std::array<std::string_view, 8> kMovingClasses = {
    "XLMRobertaTokenizer", "CamembertTokenizer", "MBartTokenizer",   "MBart50Tokenizer",
    "PegasusTokenizer",    "BigBirdTokenizer",   "BarthezTokenizer", "NllbTokenizer"};

Result<void> check_class(const JsonPart& config) {
  LOCI_TRY(const std::string_view name, config.text_or("tokenizer_class", ""));
  const std::string_view base = name.ends_with("Fast") ? name.substr(0, name.size() - 4) : name;
  if (std::ranges::find(kMovingClasses, base) != kMovingClasses.end())
    return fail(ErrorCode::kUnsupported,
                "tokenizer_class: {} gives the pieces other ids; it needs its tokenizer.json", shown(name));
  return {};
}

Result<std::unique_ptr<const TokenModel>> make_model(Model type, const ScoredPieces& pieces,
                                                     const Vocabulary& vocabulary) {
  const auto found = std::ranges::find(pieces.types, PieceType::kUnknown);
  std::optional<TokenId> unknown;
  if (found != pieces.types.end()) unknown = static_cast<TokenId>(found - pieces.types.begin());
  if (type == Model::kBpe) return sentencepiece_bpe(pieces, vocabulary, unknown);
  if (type == Model::kUnigram) return sentencepiece_unigram(pieces, vocabulary, unknown);
  if (type == Model::kChar) return sentencepiece_characters(vocabulary, unknown);
  return fail(ErrorCode::kUnsupported, "model_type: WORD");
}

/// User-defined pieces are found in normalized text, which no rule has changed there; control pieces in the
/// text as it came.
void add_found_pieces(const ScoredPieces& pieces, Model type, TokenizerParts& parts) {
  for (std::size_t id = 0; id < pieces.types.size(); ++id) {
    const std::string_view piece = pieces.pieces[id];
    const auto token = static_cast<TokenId>(id);
    if (piece.empty()) continue;
    if (pieces.types[id] == PieceType::kControl)
      parts.raw_added.add({.content = std::string(piece), .id = token, .special = true});
    // Unigram weighs them against the other pieces; to BPE and characters they are uncuttable.
    if (pieces.types[id] == PieceType::kUserDefined && type != Model::kUnigram)
      parts.normalized_added.add({.content = std::string(piece), .id = token});
  }
}

Result<Normalizer> make_normalizer(const SentencePieceFile& file) {
  SentencePieceNormalization options;
  auto rules = Charsmap::parse(file.charsmap);
  if (!rules) return std::unexpected(std::move(rules).error().in("normalizer_spec.precompiled_charsmap"));
  options.rules = std::move(*rules);
  options.add_dummy_prefix = file.add_dummy_prefix;
  options.remove_extra_whitespaces = file.remove_extra_whitespaces;
  options.escape_whitespaces = file.escape_whitespaces;
  for (std::size_t id = 0; id < file.types.size(); ++id)
    if (file.types[id] == PieceType::kUserDefined)
      options.kept.add(file.pieces[id], static_cast<TokenId>(id));
  std::vector<NormalizerStepPtr> steps;
  steps.push_back(sentencepiece_step(std::move(options)));
  return Normalizer(std::move(steps));
}

Result<void> read_frame(const SentencePieceFile& file, const JsonPart& config, TokenizerParts& parts) {
  const auto known = [&](std::int32_t id) -> std::optional<TokenId> {
    if (id < 0 || !parts.vocabulary->contains(id)) return std::nullopt;
    return id;
  };
  parts.bos = known(file.bos);
  parts.eos = known(file.eos);
  LOCI_TRY(const bool add_bos, config.flag_or("add_bos_token", file.model == Model::kBpe));
  LOCI_TRY(const bool add_eos, config.flag_or("add_eos_token", file.model != Model::kBpe));
  if (add_bos && parts.bos) parts.front = {*parts.bos};
  if (add_eos && parts.eos) parts.behind = {*parts.eos};
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> tokenizer_from_sentencepiece(std::string_view bytes,
                                                                const json::object& tokenizer_config) {
  const JsonPart config{&tokenizer_config, "tokenizer_config.json"};
  LOCI_TRY_VOID(check_class(config));
  LOCI_TRY(const SentencePieceFile file, parse_sentencepiece(bytes));
  if (file.treat_whitespace_as_suffix)
    return fail(ErrorCode::kUnsupported, "trainer_spec.treat_whitespace_as_suffix");
  const ScoredPieces pieces{file.pieces, file.scores, file.types, "pieces"};
  TokenizerParts parts;
  LOCI_TRY(parts.vocabulary, sentencepiece_vocabulary(pieces));
  LOCI_TRY(parts.model, make_model(file.model, pieces, *parts.vocabulary));
  LOCI_TRY(parts.normalizer, make_normalizer(file));
  parts.strips_leading_space = file.add_dummy_prefix || file.remove_extra_whitespaces;
  parts.strips_more_leading_spaces = file.remove_extra_whitespaces;
  add_found_pieces(pieces, file.model, parts);
  LOCI_TRY_VOID(read_frame(file, config, parts));
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

}  // namespace loci
