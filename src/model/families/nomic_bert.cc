// Nomic's BERT (nomic-embed-text 1 and 1.5, Arctic Embed M long): BERT with RoPE instead of learned
// positions, gated SiLU, and no biases but those of the norms. Nussbaum et al. 2024.
#include <algorithm>

#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;
using kernels::NormKind;

constexpr TensorNames kNames{.embedding = "embeddings.word_embeddings",
                             .token_type = "embeddings.token_type_embeddings",
                             .embedding_norm = "emb_ln",
                             .layer = "encoder.layers.{}.",
                             .query_key_value = "attn.Wqkv",
                             .attention_output = "attn.out_proj",
                             .attention_stream_norm = "norm1",
                             .gate = "mlp.fc12",
                             .up = "mlp.fc11",
                             .down = "mlp.fc2",
                             .mlp_stream_norm = "norm2"};

/// The configuration is that of flash-attention's BERT, which can be much else.
Result<> refuse_what_is_not_nomic(const ModelConfig& config) {
  for (const char* key : {"prenorm", "parallel_block", "use_rms_norm", "rotary_emb_interleaved", "causal"}) {
    LOCI_TRY(const bool set, config.flag_or(key, false));
    if (set) return fail(ErrorCode::kUnsupported, "field '{}' is true: not supported", key);
  }
  LOCI_TRY(const double experts, config.number_or("moe_every_n_layers", 0));
  if (experts != 0)
    return fail(ErrorCode::kUnsupported,
                "field 'moe_every_n_layers' is {}: mixtures of experts are not supported yet", experts);
  LOCI_TRY(const std::string activation, config.text_or("activation_function", "swiglu"));
  if (activation != "swiglu")
    return fail(ErrorCode::kUnsupported, "field 'activation_function' \"{}\" is not supported", activation);
  return {};
}

/// Beyond the positions of its training version 1 scales its frequencies by the length of each text, whose
/// vector would then depend on how it is cut: texts end there.
Result<> read_context(PlanBuilder& b) {
  if (!b.config.has("rotary_scaling_factor")) return {};
  LOCI_TRY(const int trained, b.config.extent_or("max_trained_positions", b.spec.context_length));
  b.spec.context_length = std::min(b.spec.context_length, trained);
  return {};
}

Result<> read_folder(PlanBuilder& b) {
  LOCI_TRY_VOID(refuse_what_is_not_nomic(b.config));
  LOCI_TRY_VOID(read_context(b));
  LOCI_TRY(const bool attention_bias, b.config.flag_or("qkv_proj_bias", false));
  LOCI_TRY(b.layout.up_bias, b.config.flag_or("mlp_fc1_bias", false));
  LOCI_TRY(b.layout.down_bias, b.config.flag_or("mlp_fc2_bias", false));
  b.layout.query_key_value_bias = b.layout.attention_output_bias = attention_bias;
  LOCI_TRY(const double types, b.config.number_or("type_vocab_size", 2));
  b.spec.embedding.token_type = types > 0;
  b.layout.query_key_value = FusedOrder::kBlocks;
  b.layout.roots = {"", "nomic_bert.", "bert."};
  b.layout.names = kNames;
  return {};
}

constexpr KeyDefault kDefaults[] = {{"rope_theta", 1000}};

Result<> plan(PlanBuilder& b) {
  b.config.add_defaults(kDefaults);
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kSilu));
  LOCI_TRY_VOID(b.set_norms(NormKind::kLayer, "layer_norm_eps", 1e-12));
  LOCI_TRY_VOID(b.read_rope());
  b.spec.causal = b.spec.has_head = false;
  b.spec.embedding.norm = b.spec.output_norm;
  b.spec.output_norm = {};
  b.each_layer([](LayerSpec& layer, int) {
    layer.mlp.gated = true;
    layer.attention_stream_norm = layer.mlp_stream_norm = layer.attention_norm;
    layer.attention_norm = layer.mlp_norm = {};
  });
  b.spec.embedding.token_type = b.has_tensor("token_types.weight");
  return b.is_gguf() ? Result<>() : read_folder(b);
}

constexpr KeyAlias kAliases[] = {{"hidden_size", "n_embd"},
                                 {"num_hidden_layers", "n_layer"},
                                 {"num_attention_heads", "n_head"},
                                 {"intermediate_size", "n_inner"},
                                 {"max_position_embeddings", "n_positions"},
                                 {"layer_norm_eps", "layer_norm_epsilon"},
                                 {"rope_theta", "rotary_emb_base"},
                                 {"partial_rotary_factor", "rotary_emb_fraction"}};
constexpr std::string_view kHf[] = {"NomicBertModel", "NomicBertForMaskedLM", "NomicBertForPreTraining"};
constexpr std::string_view kGguf[] = {"nomic-bert"};

}  // namespace

const Family kNomicBertFamily{"nomic_bert", kHf, kGguf, plan, kAliases};

}  // namespace loci
