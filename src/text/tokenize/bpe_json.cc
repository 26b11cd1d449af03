#include "text/tokenize/bpe_json.h"

#include "text/tokenize/bpe_builder.h"

namespace loci {
namespace {

/// Parts of the format that no served model uses; refused, since ignoring them would give other tokens.
Result<void> refuse_unknown_parts(const JsonPart& model) {
  for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    LOCI_TRY(const std::string_view text, model.text_or(key, ""));
    if (!text.empty()) return fail(ErrorCode::kUnsupported, "{}: {}", model.at(key), shown(text));
  }
  const json::value* dropout = find_field(*model.object, "dropout");
  const bool drops = dropout != nullptr && !(dropout->is_number() && dropout->to_number<double>() == 0);
  if (drops) return fail(ErrorCode::kUnsupported, "{}: random merges", model.at("dropout"));
  return {};
}

/// "a b", or ["a", "b"] as newer files have it.
Result<void> add_merge(const json::value& value, BpeBuilder& builder) {
  if (value.is_string()) return builder.add_merge(view(value.get_string()));
  if (value.is_array() && value.get_array().size() == 2) {
    const json::array& pair = value.get_array();
    if (pair[0].is_string() && pair[1].is_string())
      return builder.add_merge(view(pair[0].get_string()), view(pair[1].get_string()));
  }
  return fail(ErrorCode::kCorrupt, "not a pair of tokens");
}

}  // namespace

Result<std::unique_ptr<const TokenModel>> bpe_from_json(const JsonPart& model, const ModelContext& context) {
  LOCI_TRY_VOID(refuse_unknown_parts(model));
  LOCI_TRY(const json::array* merges, model.array("merges"));
  BpeBuilder builder(context.vocabulary, merges->size());
  LOCI_TRY(builder.spec().fuse_unknown, model.flag_or("fuse_unk", false));
  LOCI_TRY(const std::optional<TokenId> unknown, unknown_token_from_json(model, context.vocabulary));
  builder.spec().unknown = unknown.value_or(BpeSpec::kNone);
  LOCI_TRY(const bool byte_fallback, model.flag_or("byte_fallback", false));
  if (context.byte_level) builder.use_bytes();
  if (!context.byte_level) builder.use_characters();
  if (!context.byte_level && byte_fallback) builder.use_byte_fallback();
  for (std::size_t i = 0; i < merges->size(); ++i)
    if (auto added = add_merge((*merges)[i], builder); !added)
      return std::unexpected(std::move(added).error().in(fmt::format("{}[{}]", model.at("merges"), i)));
  LOCI_TRY(const bool ignore_merges, model.flag_or("ignore_merges", false));
  if (ignore_merges) builder.spec().whole_words = &context.vocabulary;
  builder.use_word_mark(context.space_mark);
  return std::make_unique<BpeModel>(std::move(builder.spec()));
}

}  // namespace loci
