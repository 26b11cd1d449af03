#include "text/tokenize/unigram_json.h"

#include <algorithm>
#include <cmath>

#include "text/tokenize/unigram_model.h"

namespace loci {
namespace {

constexpr double kUnknownPenalty = 10;  // below the lowest score of the vocabulary

/// [id]; the vocabulary's form has been checked.
Result<std::vector<double>> read_scores(const json::array& vocab) {
  std::vector<double> scores;
  for (const json::value& pair : vocab) {
    scores.push_back(pair.get_array()[1].to_number<double>());
    if (!std::isfinite(scores.back()))
      return fail(ErrorCode::kCorrupt, "model.vocab[{}]: not a finite score", scores.size() - 1);
  }
  return scores;
}

Result<TokenId> read_unknown(const JsonPart& model, std::size_t pieces) {
  if (find_field(*model.object, "unk_id") == nullptr) return UnigramSpec::kNone;
  LOCI_TRY(const std::int64_t id, model.integer("unk_id"));
  if (id < 0 || static_cast<std::uint64_t>(id) >= pieces)
    return fail(ErrorCode::kCorrupt, "{}: token {} is not in the vocabulary", model.at("unk_id"), id);
  return static_cast<TokenId>(id);
}

}  // namespace

Result<std::unique_ptr<const TokenModel>> unigram_from_json(const JsonPart& model,
                                                            const ModelContext& context) {
  LOCI_TRY(const json::array* vocab, model.array("vocab"));
  UnigramSpec spec;
  LOCI_TRY(spec.scores, read_scores(*vocab));
  LOCI_TRY(spec.unknown, read_unknown(model, spec.scores.size()));
  if (!spec.scores.empty()) spec.unknown_score = *std::ranges::min_element(spec.scores) - kUnknownPenalty;
  for (TokenId id = 0; id < context.vocabulary.size(); ++id)
    spec.pieces.add(context.vocabulary.piece(id), id);
  LOCI_TRY(const bool byte_fallback, model.flag_or("byte_fallback", false));
  for (std::size_t byte = 0; byte_fallback && byte < 256; ++byte)
    spec.bytes[byte] = context.vocabulary.find(fmt::format("<0x{:02X}>", byte)).value_or(UnigramSpec::kNone);
  return std::make_unique<UnigramModel>(std::move(spec));
}

}  // namespace loci
