#include "text/tokenize/wordpiece_json.h"

#include "text/tokenize/wordpiece_model.h"

namespace loci {
namespace {

constexpr std::int64_t kMaxCharacters = 1 << 20;

}  // namespace

Result<std::unique_ptr<const TokenModel>> wordpiece_from_json(const JsonPart& model,
                                                              const ModelContext& context) {
  WordPieceSpec spec;
  LOCI_TRY(const std::optional<TokenId> unknown, unknown_token_from_json(model, context.vocabulary));
  if (!unknown) return fail(ErrorCode::kCorrupt, "{}: missing", model.at("unk_token"));
  spec.unknown = *unknown;
  if (find_field(*model.object, "max_input_chars_per_word") != nullptr) {
    LOCI_TRY(const std::int64_t limit, model.integer("max_input_chars_per_word"));
    if (limit < 0 || limit > kMaxCharacters)
      return fail(ErrorCode::kCorrupt, "{}: {} is not in 0..{}", model.at("max_input_chars_per_word"), limit,
                  kMaxCharacters);
    spec.max_characters = static_cast<std::size_t>(limit);
  }
  LOCI_TRY(const std::string_view prefix, model.text_or("continuing_subword_prefix", "##"));
  for (TokenId id = 0; id < context.vocabulary.size(); ++id) {
    if (!context.vocabulary.contains(id)) continue;
    const std::string_view piece = context.vocabulary.piece(id);
    spec.initial.add(piece, id);
    if (piece.starts_with(prefix)) spec.continuing.add(piece.substr(prefix.size()), id);
  }
  return std::make_unique<WordPieceModel>(std::move(spec));
}

}  // namespace loci
