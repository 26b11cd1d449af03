// The Llama family: Llama 2 and 3, Mistral, TinyLlama and what follows them. RMSNorm before attention and
// MLP, RoPE, grouped-query attention, SwiGLU, no biases, head tied or not. Touvron et al. 2023; Jiang et al.
// 2023 (Mistral).
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/log.h"
#include "model/config_reader.h"
#include "model/families/family.h"
#include "model/rope.h"

namespace loci {
namespace {

struct Dimensions {
  int layers, hidden, intermediate, heads, kv_heads, head_dim;
};

Result<> check_dimensions(const Dimensions& d, const Checkpoint& checkpoint) {
  // Each layer has tensors of its own, so a count beyond the tensors is a lie that must not size an
  // allocation.
  if (static_cast<std::size_t>(d.layers) > checkpoint.tensors().size())
    return fail(ErrorCode::kCorrupt, "{} layers are declared, the file has {} tensors", d.layers,
                checkpoint.tensors().size());
  if (d.heads % d.kv_heads != 0)
    return fail(ErrorCode::kCorrupt, "{} attention heads are not a multiple of {} key/value heads", d.heads,
                d.kv_heads);
  if (d.head_dim % 2 != 0)
    return fail(ErrorCode::kCorrupt, "head dimension {} is odd, RoPE needs pairs", d.head_dim);
  return {};
}

std::vector<LayerSpec> layer_specs(const Dimensions& d) {
  const AttentionSpec attention{d.heads, d.kv_heads, d.head_dim,
                                1.0f / std::sqrt(static_cast<float>(d.head_dim))};
  return std::vector<LayerSpec>(static_cast<std::size_t>(d.layers), LayerSpec{attention, d.intermediate});
}

/// The names of one layer's tensors; they differ between the two containers, the matrices do not.
struct LayerNames {
  const char *attention_norm, *query, *key, *value, *output, *mlp_norm, *gate, *up, *down;
};
constexpr LayerNames kHfNames{"input_layernorm",  "self_attn.q_proj", "self_attn.k_proj",
                              "self_attn.v_proj", "self_attn.o_proj", "post_attention_layernorm",
                              "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};
constexpr LayerNames kGgufNames{"attn_norm", "attn_q",   "attn_k", "attn_v",  "attn_output",
                                "ffn_norm",  "ffn_gate", "ffn_up", "ffn_down"};

LayerSources layer_sources(const std::string& prefix, const LayerNames& names, const Dimensions& d,
                           RowOrder rotary_order) {
  const auto full = [&](const char* name) { return prefix + name + ".weight"; };
  const int query_rows = d.heads * d.head_dim, kv_rows = d.kv_heads * d.head_dim;
  LayerSources s;
  s.attention_norm = full(names.attention_norm);
  s.mlp_norm = full(names.mlp_norm);
  s.query_key_value = {{full(names.query), query_rows, rotary_order, d.head_dim},
                       {full(names.key), kv_rows, rotary_order, d.head_dim},
                       {full(names.value), kv_rows}};
  s.attention_output = {{full(names.output), d.hidden}};
  s.gate_up = {{full(names.gate), d.intermediate}, {full(names.up), d.intermediate}};
  s.down = {{full(names.down), d.hidden}};
  return s;
}

Result<> refuse_hf_options(const json::object& config) {
  if (const json::value* act = find_field(config, "hidden_act"); act != nullptr && *act != "silu")
    return fail(ErrorCode::kUnsupported, "hidden_act {} is not supported", json::serialize(*act));
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    LOCI_TRY(const bool used, bool_field_or(config, key, false));
    if (used) return fail(ErrorCode::kUnsupported, "{} is not supported yet", key);
  }
  return {};
}

Result<Dimensions> hf_dimensions(const json::object& config) {
  Dimensions d{};
  LOCI_TRY(d.layers, positive_field(config, "num_hidden_layers"));
  LOCI_TRY(d.hidden, positive_field(config, "hidden_size"));
  LOCI_TRY(d.intermediate, positive_field(config, "intermediate_size"));
  LOCI_TRY(d.heads, positive_field(config, "num_attention_heads"));
  LOCI_TRY(d.kv_heads, positive_field_or(config, "num_key_value_heads", d.heads));
  LOCI_TRY(d.head_dim, positive_field_or(config, "head_dim", d.hidden / d.heads));
  return d;
}

/// The context: all positions, or the sliding window where the model has one. (Inside its window a model with
/// sliding windows attends to everything, so up to there the result is exact.)
Result<int> hf_context_length(const json::object& config) {
  LOCI_TRY(const int positions, positive_field_or(config, "max_position_embeddings", 2048));
  LOCI_TRY(const int window, positive_field_or(config, "sliding_window", positions));
  if (window < positions)
    log_warning("the context is limited to the model's sliding window of {} tokens", window);
  return std::min(positions, window);
}

Result<ModelPlan> plan_hf(const Checkpoint& checkpoint) {
  const json::object& config = checkpoint.hf_config();
  LOCI_TRY_VOID(refuse_hf_options(config));
  LOCI_TRY(const Dimensions d, hf_dimensions(config));
  LOCI_TRY_VOID(check_dimensions(d, checkpoint));
  ModelPlan plan;
  plan.spec.hidden_size = d.hidden;
  plan.spec.layers = layer_specs(d);
  LOCI_TRY(plan.spec.vocab_size, positive_field(config, "vocab_size"));
  LOCI_TRY(plan.spec.context_length, hf_context_length(config));
  LOCI_TRY(const double epsilon, number_field_or(config, "rms_norm_eps", 1e-6));
  plan.spec.norm_epsilon = static_cast<float>(epsilon);
  LOCI_TRY(plan.spec.rope, rope_from_hf_config(config, d.head_dim));
  LOCI_TRY(const bool tied, bool_field_or(config, "tie_word_embeddings", false));

  ModelSources& sources = plan.sources;
  sources.embedding = "model.embed_tokens.weight";
  sources.output_norm = "model.norm.weight";
  if (!tied) sources.head = "lm_head.weight";
  for (int i = 0; i < d.layers; ++i)
    sources.layers.push_back(
        layer_sources(fmt::format("model.layers.{}.", i), kHfNames, d, RowOrder::kAsStored));
  return plan;
}

Result<Dimensions> gguf_dimensions(const GgufMetadata& metadata) {
  Dimensions d{};
  LOCI_TRY(d.layers, positive_key(metadata, "llama.block_count"));
  LOCI_TRY(d.hidden, positive_key(metadata, "llama.embedding_length"));
  LOCI_TRY(d.intermediate, positive_key(metadata, "llama.feed_forward_length"));
  LOCI_TRY(d.heads, positive_key(metadata, "llama.attention.head_count"));
  LOCI_TRY(d.kv_heads, positive_key_or(metadata, "llama.attention.head_count_kv", d.heads));
  LOCI_TRY(d.head_dim, positive_key_or(metadata, "llama.attention.key_length", d.hidden / d.heads));
  LOCI_TRY(const int value_dim, positive_key_or(metadata, "llama.attention.value_length", d.head_dim));
  LOCI_TRY(const int rotary_dim, positive_key_or(metadata, "llama.rope.dimension_count", d.head_dim));
  if (value_dim != d.head_dim || rotary_dim != d.head_dim)
    return fail(ErrorCode::kUnsupported,
                "head dimensions of keys {}, values {} and RoPE {} differ: not supported yet", d.head_dim,
                value_dim, rotary_dim);
  return d;
}

/// Converters store Llama 3's scaling as the divisor of each frequency; without it, `rope.scaling.*` says
/// what to do.
Result<RopeSpec> gguf_rope(const Checkpoint& checkpoint, int head_dim) {
  const GgufMetadata& metadata = checkpoint.gguf();
  LOCI_TRY(const double theta, metadata.get_or<double>("llama.rope.freq_base", 10000.0));
  if (!(theta > 1)) return fail(ErrorCode::kCorrupt, "llama.rope.freq_base is {}, must be above 1", theta);
  RopeSpec rope{head_dim, rope_inverse_frequencies(theta, head_dim)};
  if (const Tensor* divisors = checkpoint.find("rope_freqs.weight")) {
    if (divisors->dtype != DType::kF32 || divisors->elements() != rope.inverse_frequencies.size())
      return fail(ErrorCode::kCorrupt, "tensor 'rope_freqs.weight' is not {} F32 values",
                  rope.inverse_frequencies.size());
    for (std::size_t i = 0; i < rope.inverse_frequencies.size(); ++i) {
      float divisor = 1;
      std::memcpy(&divisor, divisors->bytes.data() + i * sizeof divisor, sizeof divisor);
      rope.inverse_frequencies[i] /= divisor;
    }
  }
  LOCI_TRY(const std::string_view kind, metadata.get_or<std::string_view>("llama.rope.scaling.type", "none"));
  if (kind == "linear") {
    LOCI_TRY(const double factor, metadata.get_or<double>("llama.rope.scaling.factor", 1.0));
    if (!(factor > 0))
      return fail(ErrorCode::kCorrupt, "llama.rope.scaling.factor is {}, must be above 0", factor);
    scale_linear(rope.inverse_frequencies, factor);
  } else if (kind != "none") {
    return fail(ErrorCode::kUnsupported, "llama.rope.scaling.type '{}' is not supported yet", kind);
  }
  return rope;
}

Result<ModelPlan> plan_gguf(const Checkpoint& checkpoint) {
  const GgufMetadata& metadata = checkpoint.gguf();
  LOCI_TRY(const auto experts, metadata.get_or<std::int64_t>("llama.expert_count", 0));
  if (experts > 0)
    return fail(ErrorCode::kUnsupported,
                "llama.expert_count is {}: mixtures of experts are not supported yet", experts);
  LOCI_TRY(const Dimensions d, gguf_dimensions(metadata));
  LOCI_TRY_VOID(check_dimensions(d, checkpoint));
  ModelPlan plan;
  plan.spec.hidden_size = d.hidden;
  plan.spec.layers = layer_specs(d);
  const Tensor* embedding = checkpoint.find("token_embd.weight");
  if (embedding == nullptr) return fail(ErrorCode::kCorrupt, "tensor 'token_embd.weight' is missing");
  plan.spec.vocab_size = static_cast<int>(std::min<std::size_t>(embedding->rows(), 1 << 24));
  LOCI_TRY(plan.spec.context_length, positive_key(metadata, "llama.context_length"));
  LOCI_TRY(const double epsilon, metadata.get<double>("llama.attention.layer_norm_rms_epsilon"));
  plan.spec.norm_epsilon = static_cast<float>(epsilon);
  LOCI_TRY(plan.spec.rope, gguf_rope(checkpoint, d.head_dim));

  ModelSources& sources = plan.sources;
  sources.embedding = "token_embd.weight";
  sources.output_norm = "output_norm.weight";
  if (checkpoint.find("output.weight") != nullptr) sources.head = "output.weight";
  for (int i = 0; i < d.layers; ++i)
    sources.layers.push_back(
        layer_sources(fmt::format("blk.{}.", i), kGgufNames, d, RowOrder::kInterleavedPairs));
  return plan;
}

constexpr std::string_view kHfArchitectures[] = {"LlamaForCausalLM", "MistralForCausalLM"};
constexpr std::string_view kGgufArchitectures[] = {"llama"};

}  // namespace

const Family kLlamaFamily{"llama", kHfArchitectures, kGgufArchitectures, plan_hf, plan_gguf};

}  // namespace loci
