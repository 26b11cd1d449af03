// Gemma 1, 2 and 3: embeddings times sqrt(hidden), norms stored less 1, GeGLU, a tied head. Gemma 2 adds
// norms of what attention and MLP return, soft caps and sliding windows in every other layer; Gemma 3 norms
// of queries and keys, no caps, and windows in five layers of six with a RoPE of their own. Gemma Team 2024,
// 2025.
#include <cmath>

#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;
using kernels::NormKind;

// Of transformers' Gemma3TextConfig: the published models with eyes write only what differs from it.
constexpr KeyDefault kGemma3Defaults[] = {{"hidden_size", 2304},      {"intermediate_size", 9216},
                                          {"num_hidden_layers", 26},  {"num_attention_heads", 8},
                                          {"num_key_value_heads", 4}, {"head_dim", 256},
                                          {"vocab_size", 262208},     {"max_position_embeddings", 131072}};
constexpr int kDefaultWindow = 4096;  // of Gemma 2 and 3

/// A cap of 0 is none, which config.json writes as null.
Result<float> cap_or(const ModelConfig& config, std::string_view key, double absent) {
  LOCI_TRY(const double cap, config.number_or(key, config.is_absent(key) ? absent : 0));
  return static_cast<float>(cap);
}

Result<> read_gemma(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  LOCI_TRY_VOID(b.read_tied(true));
  LOCI_TRY(const std::string activation, b.config.text_or("hidden_activation", "gelu_pytorch_tanh"));
  if (!activation.starts_with("gelu"))
    return fail(ErrorCode::kUnsupported, "field 'hidden_activation' \"{}\" is not supported", activation);
  b.each_layer([](LayerSpec& layer, int) { layer.mlp.activation = Activation::kGeluTanh; });
  b.spec.embedding.scale = std::sqrt(static_cast<float>(b.spec.hidden_size));
  if (b.is_gguf()) return {};
  b.layout.norm_add = 1;
  LOCI_TRY(const bool bias, b.config.flag_or("attention_bias", false));
  b.set_bias(bias, bias, false);
  return {};
}

/// Scores are scaled by a number of the configuration; GGUF does not have it, but the one model in which it
/// is not the head's dimension can be told by its layers.
Result<> read_query_scale(PlanBuilder& b, std::size_t layers_of_27b) {
  const int head_dim = b.spec.layers.size() == layers_of_27b ? b.spec.hidden_size / b.heads() : b.head_dim();
  LOCI_TRY(const double scalar,
           b.is_gguf() ? Result<double>(head_dim) : b.config.number_or("query_pre_attn_scalar", 256));
  if (!(scalar > 0))
    return fail(ErrorCode::kCorrupt, "field 'query_pre_attn_scalar' is {}, must be above 0", scalar);
  b.each_layer(
      [&](LayerSpec& layer, int) { layer.attention.scale = 1.0f / std::sqrt(static_cast<float>(scalar)); });
  return {};
}

void add_post_norms(PlanBuilder& b) {
  b.each_layer(
      [](LayerSpec& layer, int) { layer.attention_post_norm = layer.mlp_post_norm = layer.attention_norm; });
  if (b.is_gguf()) return;
  b.layout.names.attention_post_norm = "post_attention_layernorm";
  b.layout.names.mlp_norm = "pre_feedforward_layernorm";
  b.layout.names.mlp_post_norm = "post_feedforward_layernorm";
}

Result<> plan_gemma2(PlanBuilder& b) {
  LOCI_TRY_VOID(read_gemma(b));
  LOCI_TRY_VOID(read_query_scale(b, 46));
  add_post_norms(b);
  LOCI_TRY(const float cap, cap_or(b.config, "attn_logit_softcapping", 50));
  LOCI_TRY(b.spec.logit_softcap, cap_or(b.config, "final_logit_softcapping", 30));
  b.each_layer([&](LayerSpec& layer, int) { layer.attention.softcap = cap; });
  return b.read_sliding_window([](int i) { return i % 2 == 0; }, kDefaultWindow);
}

Result<> plan_gemma3(PlanBuilder& b) {
  b.config.add_defaults(kGemma3Defaults);
  LOCI_TRY_VOID(read_gemma(b));
  LOCI_TRY_VOID(read_query_scale(b, 62));
  add_post_norms(b);
  b.set_query_key_norm(HeadNorm::kEachHead, NormKind::kRms);
  LOCI_TRY(const float cap, cap_or(b.config, "attn_logit_softcapping", 0));
  LOCI_TRY(b.spec.logit_softcap, cap_or(b.config, "final_logit_softcapping", 0));
  b.each_layer([&](LayerSpec& layer, int) { layer.attention.softcap = cap; });
  LOCI_TRY(const int pattern, b.config.extent_or("sliding_window_pattern", 6));
  LOCI_TRY_VOID(b.read_sliding_window([&](int i) { return (i + 1) % pattern != 0; }, kDefaultWindow));
  return b.read_global_and_local_rope(1e6, 10000);
}

Result<> plan(PlanBuilder& b) {
  b.layout.roots = b.is_gguf() ? b.layout.roots
                               : std::vector<std::string_view>{"model.", "language_model.model.",
                                                               "model.language_model.", ""};
  if (b.is("Gemma2ForCausalLM") || b.is("gemma2")) return plan_gemma2(b);
  if (b.is("GemmaForCausalLM") || b.is("gemma")) return read_gemma(b);
  return plan_gemma3(b);
}

constexpr std::string_view kHf[] = {"GemmaForCausalLM", "Gemma2ForCausalLM", "Gemma3ForCausalLM",
                                    "Gemma3ForConditionalGeneration"};
constexpr std::string_view kGguf[] = {"gemma", "gemma2", "gemma3"};

}  // namespace

const Family kGemmaFamily{"gemma", kHf, kGguf, plan};

}  // namespace loci
