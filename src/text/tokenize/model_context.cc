#include "text/tokenize/model_context.h"

namespace loci {

Result<std::optional<TokenId>> unknown_token_from_json(const JsonPart& model, const Vocabulary& vocabulary) {
  LOCI_TRY(const std::string_view piece, model.text_or("unk_token", ""));
  if (piece.empty()) return std::nullopt;
  const auto id = vocabulary.find(piece);
  if (!id)
    return fail(ErrorCode::kCorrupt, "{}: {} is not in the vocabulary", model.at("unk_token"), shown(piece));
  return id;
}

}  // namespace loci
