#include "model/model_config.h"

#include <algorithm>
#include <cmath>

namespace loci {
namespace {

constexpr std::int64_t kMaxExtent = std::int64_t{1} << 24;

// Hugging Face's key, and GGUF's after the architecture.
constexpr KeyAlias kGgufKeys[] = {
    {"num_hidden_layers", "block_count"},
    {"hidden_size", "embedding_length"},
    {"intermediate_size", "feed_forward_length"},
    {"num_attention_heads", "attention.head_count"},
    {"num_key_value_heads", "attention.head_count_kv"},
    {"head_dim", "attention.key_length"},
    {"max_position_embeddings", "context_length"},
    {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
    {"layer_norm_eps", "attention.layer_norm_epsilon"},
    {"rope_theta", "rope.freq_base"},
    {"rope_local_base_freq", "rope.freq_base_swa"},
    {"sliding_window", "attention.sliding_window"},
    {"attn_logit_softcapping", "attn_logit_softcapping"},
    {"final_logit_softcapping", "final_logit_softcapping"},
    {"use_parallel_residual", "use_parallel_residual"},
    {"logit_scale", "logit_scale"},
    {"logits_scaling", "logit_scale"},
    {"embedding_multiplier", "embedding_scale"},
    {"attention_multiplier", "attention.scale"},
    {"residual_multiplier", "residual_scale"},
    {"clip_qkv", "attention.clamp_kqv"},
    {"alibi_bias_max", "attention.max_alibi_bias"},
    {"value_length", "attention.value_length"},
    {"rotary_dim", "rope.dimension_count"},
    {"num_local_experts", "expert_count"},
    {"is_causal", "attention.causal"},
};

Result<int> checked_extent(std::int64_t value, const std::string& spelled) {
  if (value < 1 || value > kMaxExtent)
    return fail(ErrorCode::kCorrupt, "{} is {}, must be in 1..{}", spelled, value, kMaxExtent);
  return static_cast<int>(value);
}

/// Tools in other languages write 4096.0: a whole number all the same.
Result<std::int64_t> as_integer(const json::value& value, const std::string& spelled) {
  if (value.is_int64()) return value.get_int64();
  const double number = value.is_double() ? value.get_double() : 0.5;
  if (std::trunc(number) != number || std::abs(number) > 9e15)
    return fail(ErrorCode::kCorrupt, "{} is not an integer", spelled);
  return static_cast<std::int64_t>(number);
}

const json::object& text_config(const Checkpoint& checkpoint) {
  static const json::object kNone;
  if (checkpoint.is_gguf()) return kNone;
  const json::value* nested = find_field(checkpoint.hf_config(), "text_config");
  return nested != nullptr && nested->is_object() ? nested->get_object() : checkpoint.hf_config();
}

}  // namespace

ModelConfig::ModelConfig(const Checkpoint& checkpoint)
    : checkpoint_(checkpoint), json_(&text_config(checkpoint)) {
  if (checkpoint.is_gguf())
    architecture_ = checkpoint.gguf().get_or<std::string_view>("general.architecture", "").value_or("");
}

std::string_view ModelConfig::alias_of(std::string_view key) const {
  const auto names = is_gguf() ? std::span<const KeyAlias>(kGgufKeys) : aliases_;
  const auto found = std::ranges::find(names, key, &KeyAlias::key);
  return found == names.end() ? std::string_view() : found->alias;
}

std::string ModelConfig::gguf_key(std::string_view suffix) const {
  return fmt::format("{}.{}", architecture_, suffix);
}

const json::value* ModelConfig::find(std::string_view key) const {
  if (const json::value* value = find_field(*json_, key)) return value;
  const std::string_view alias = alias_of(key);
  return alias.empty() ? nullptr : find_field(*json_, alias);
}

std::string ModelConfig::spelled(std::string_view key) const {
  const std::string_view alias = alias_of(key);
  if (is_gguf()) return gguf_key(alias.empty() ? key : alias);
  const bool aliased = !alias.empty() && find_field(*json_, key) == nullptr;
  return fmt::format("field '{}'", aliased ? alias : key);
}

bool ModelConfig::has(std::string_view key) const {
  if (!is_gguf()) return find(key) != nullptr;
  const std::string_view alias = alias_of(key);
  return !alias.empty() && gguf().contains(gguf_key(alias));
}

bool ModelConfig::is_absent(std::string_view key) const {
  if (is_gguf()) return !has(key);
  const std::string_view alias = alias_of(key);
  return !json_->contains(key) && (alias.empty() || !json_->contains(alias));
}

const KeyDefault* ModelConfig::default_of(std::string_view key) const {
  if (is_gguf()) return nullptr;
  const auto found = std::ranges::find(defaults_, key, &KeyDefault::key);
  return found == defaults_.end() ? nullptr : &*found;
}

Result<int> ModelConfig::extent(std::string_view key) const {
  if (is_gguf()) {
    LOCI_TRY(const auto value, gguf().get<std::int64_t>(spelled(key)));
    return checked_extent(value, spelled(key));
  }
  const json::value* value = find(key);
  if (const KeyDefault* preset = default_of(key); preset != nullptr && value == nullptr)
    return static_cast<int>(preset->value);
  if (value == nullptr) return fail(ErrorCode::kCorrupt, "{} is missing", spelled(key));
  LOCI_TRY(const std::int64_t integer, as_integer(*value, spelled(key)));
  return checked_extent(integer, spelled(key));
}

Result<int> ModelConfig::extent_or(std::string_view key, int fallback) const {
  if (!has(key) && default_of(key) == nullptr) return fallback;
  return extent(key);
}

Result<double> ModelConfig::number(std::string_view key) const {
  if (is_gguf()) return gguf().get<double>(spelled(key));
  const json::value* value = find(key);
  if (const KeyDefault* preset = default_of(key); preset != nullptr && value == nullptr) return preset->value;
  if (value == nullptr) return fail(ErrorCode::kCorrupt, "{} is missing", spelled(key));
  if (!value->is_number()) return fail(ErrorCode::kCorrupt, "{} is not a number", spelled(key));
  return value->to_number<double>();
}

Result<double> ModelConfig::number_or(std::string_view key, double fallback) const {
  if (!has(key) && default_of(key) == nullptr) return fallback;
  return number(key);
}

Result<bool> ModelConfig::flag_or(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  if (is_gguf()) return gguf().get<bool>(spelled(key));
  const json::value* value = find(key);
  if (!value->is_bool()) return fail(ErrorCode::kCorrupt, "{} is not a boolean", spelled(key));
  return value->get_bool();
}

Result<std::string> ModelConfig::text_or(std::string_view key, std::string_view fallback) const {
  if (!has(key)) return std::string(fallback);
  if (is_gguf()) {
    LOCI_TRY(const auto text, gguf().get<std::string_view>(spelled(key)));
    return std::string(text);
  }
  const json::value* value = find(key);
  if (!value->is_string()) return fail(ErrorCode::kCorrupt, "{} is not a string", spelled(key));
  return std::string(value->get_string());
}

}  // namespace loci
