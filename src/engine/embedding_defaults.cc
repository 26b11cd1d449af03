#include "engine/embedding_defaults.h"

namespace loci {
namespace {

constexpr int kMaxTokens = 1 << 24;

Result<Pooling> pooling_of_sentence_transformer(const json::object& config) {
  struct Mode {
    std::string_view field;
    std::optional<Pooling> pooling;
  };
  static constexpr Mode kModes[] = {{"pooling_mode_mean_tokens", Pooling::kMean},
                                    {"pooling_mode_cls_token", Pooling::kCls},
                                    {"pooling_mode_lasttoken", Pooling::kLast},
                                    {"pooling_mode_max_tokens", std::nullopt},
                                    {"pooling_mode_mean_sqrt_len_tokens", std::nullopt},
                                    {"pooling_mode_weightedmean_tokens", std::nullopt}};
  std::optional<Pooling> chosen;
  for (const Mode& mode : kModes) {
    const json::value* used = find_field(config, mode.field);
    if (used == nullptr || *used != true) continue;
    if (!mode.pooling)
      return fail(ErrorCode::kUnsupported, "1_Pooling/config.json: field '{}' is not supported", mode.field);
    if (chosen)
      return fail(ErrorCode::kUnsupported,
                  "1_Pooling/config.json: several poolings side by side ('{}' and another) are not supported",
                  mode.field);
    chosen = mode.pooling;
  }
  return chosen.value_or(Pooling::kMean);
}

/// Behind the pooling vectors are normalized, and nothing else: a dense layer would be left out in silence.
Result<> check_modules(const json::array& modules) {
  for (const json::value& module : modules) {
    const json::value* type = module.is_object() ? find_field(module.get_object(), "type") : nullptr;
    if (type == nullptr || !type->is_string())
      return fail(ErrorCode::kCorrupt, "modules.json: an element without a string 'type'");
    const std::string_view name = type->get_string();
    const std::string_view kind = name.substr(name.rfind('.') + 1);
    if (kind != "Transformer" && kind != "Pooling" && kind != "Normalize")
      return fail(ErrorCode::kUnsupported, "modules.json: module '{}' is not supported", name);
  }
  return {};
}

/// llama.cpp's numbers: 1 mean, 2 CLS, 3 last; 0 is none, which leaves the choice to us.
Result<Pooling> pooling_of_gguf(const GgufMetadata& metadata) {
  const std::string architecture(metadata.get_or<std::string_view>("general.architecture", "").value_or(""));
  const std::string key = architecture + ".pooling_type";
  LOCI_TRY(const auto type, metadata.get_or<std::int64_t>(key, 0));
  if (type < 0 || type > 3)
    return fail(ErrorCode::kUnsupported, "{} is {}: only mean (1), CLS (2) and last (3) are supported", key,
                type);
  return type == 2 ? Pooling::kCls : type == 3 ? Pooling::kLast : Pooling::kMean;
}

}  // namespace

Result<EmbeddingDefaults> read_embedding_defaults(const Checkpoint& checkpoint) {
  EmbeddingDefaults defaults;
  if (checkpoint.is_gguf()) {
    LOCI_TRY(defaults.pooling, pooling_of_gguf(checkpoint.gguf()));
    return defaults;
  }
  const TokenizerFiles& files = checkpoint.tokenizer_files();
  LOCI_TRY_VOID(check_modules(files.sentence_modules));
  LOCI_TRY(defaults.pooling, pooling_of_sentence_transformer(files.pooling_config));
  if (const json::value* length = find_field(files.sentence_config, "max_seq_length")) {
    if (!length->is_int64() || length->get_int64() < 3 || length->get_int64() > kMaxTokens)
      return fail(ErrorCode::kCorrupt,
                  "sentence_bert_config.json: field 'max_seq_length' is not an integer in 3..{}", kMaxTokens);
    defaults.max_tokens = static_cast<int>(length->get_int64());
  }
  return defaults;
}

}  // namespace loci
