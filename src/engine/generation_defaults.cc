#include "engine/generation_defaults.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace loci {
namespace {

Result<std::optional<double>> read_number(const json::object& config, std::string_view key) {
  const json::value* value = find_field(config, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number())
    return fail(ErrorCode::kCorrupt, "generation_config.json: field '{}' is not a number", key);
  return value->to_number<double>();
}

Result<std::optional<float>> read_float(const json::object& config, std::string_view key) {
  LOCI_TRY(const auto number, read_number(config, key));
  if (!number) return std::nullopt;
  return static_cast<float>(*number);
}

Result<std::optional<int>> read_int(const json::object& config, std::string_view key) {
  LOCI_TRY(const auto number, read_number(config, key));
  if (!number) return std::nullopt;
  if (std::abs(*number) > 1e9)
    return fail(ErrorCode::kCorrupt, "generation_config.json: field '{}' is {}", key, *number);
  return static_cast<int>(*number);
}

/// Ids of a field that is a number or a list of numbers.
void append_ids(const json::object& config, std::string_view key, std::vector<TokenId>& ids) {
  const json::value* value = find_field(config, key);
  if (value == nullptr) return;
  const auto append = [&](const json::value& id) {
    if (id.is_int64()) ids.push_back(static_cast<TokenId>(id.get_int64()));
  };
  if (value->is_array())
    for (const json::value& id : value->get_array()) append(id);
  else
    append(*value);
}

/// Files from before the eot id was written name the token only.
constexpr std::array<std::string_view, 6> kEndOfTurnPieces{"<|im_end|>", "<|eot_id|>",    "<|eom_id|>",
                                                           "<|end|>",    "<end_of_turn>", "<|endoftext|>"};
/// Of gpt-oss, whose turns are several messages: these end a turn, <|end|> ends a message.
constexpr std::array<std::string_view, 2> kEndOfHarmonyTurnPieces{"<|return|>", "<|call|>"};

std::optional<TokenId> find_special(const Tokenizer& tokenizer, std::string_view piece) {
  const auto id = tokenizer.find(piece);
  return id && tokenizer.kind(*id) == TokenKind::kSpecial ? id : std::nullopt;
}

void append_gguf_ids(const GgufMetadata& metadata, const Tokenizer& tokenizer, std::vector<TokenId>& ids) {
  for (const char* key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    if (const auto id = metadata.get<std::int64_t>(key)) ids.push_back(static_cast<TokenId>(*id));
  bool is_harmony = false;
  for (const std::string_view piece : kEndOfHarmonyTurnPieces)
    if (const auto id = find_special(tokenizer, piece)) {
      ids.push_back(*id);
      is_harmony = true;
    }
  for (const std::string_view piece : kEndOfTurnPieces)
    if (const auto id = find_special(tokenizer, piece); id && !(is_harmony && piece == "<|end|>"))
      ids.push_back(*id);
}

/// GGUF's `general.sampling.*`, as llama.cpp's converter writes them from generation_config.json.
Result<GenerationDefaults> read_gguf_defaults(const GgufMetadata& metadata) {
  GenerationDefaults defaults;
  const auto read = [&](std::string_view key, auto& to) -> Result<> {
    if (!metadata.contains(key)) return {};
    LOCI_TRY(const double value, metadata.get<double>(key));
    to =
        static_cast<typename std::remove_reference_t<decltype(to)>::value_type>(std::clamp(value, -1e9, 1e9));
    return {};
  };
  LOCI_TRY_VOID(read("general.sampling.temp", defaults.temperature));
  LOCI_TRY_VOID(read("general.sampling.top_k", defaults.top_k));
  LOCI_TRY_VOID(read("general.sampling.top_p", defaults.top_p));
  LOCI_TRY_VOID(read("general.sampling.min_p", defaults.min_p));
  LOCI_TRY_VOID(read("general.sampling.penalty_repeat", defaults.repetition_penalty));
  return defaults;
}

}  // namespace

Result<GenerationDefaults> read_generation_defaults(const Checkpoint& checkpoint) {
  if (checkpoint.is_gguf()) return read_gguf_defaults(checkpoint.gguf());
  const json::object& config = checkpoint.generation_config();
  GenerationDefaults defaults;
  LOCI_TRY(defaults.temperature, read_float(config, "temperature"));
  LOCI_TRY(defaults.top_p, read_float(config, "top_p"));
  LOCI_TRY(defaults.min_p, read_float(config, "min_p"));
  LOCI_TRY(defaults.repetition_penalty, read_float(config, "repetition_penalty"));
  LOCI_TRY(defaults.top_k, read_int(config, "top_k"));
  LOCI_TRY(defaults.max_new_tokens, read_int(config, "max_new_tokens"));
  return defaults;
}

std::vector<TokenId> read_end_tokens(const Checkpoint& checkpoint, const Tokenizer& tokenizer) {
  std::vector<TokenId> ids;
  if (checkpoint.is_gguf()) {
    append_gguf_ids(checkpoint.gguf(), tokenizer, ids);
  } else {
    append_ids(checkpoint.generation_config(), "eos_token_id", ids);
    append_ids(checkpoint.hf_config(), "eos_token_id", ids);
  }
  if (const auto eos = tokenizer.eos()) ids.push_back(*eos);
  std::erase_if(ids, [&](TokenId id) { return id < 0 || id >= tokenizer.vocab_size(); });
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  return ids;
}

}  // namespace loci
