// Falcon: attention and MLP in parallel. The 7B model has one norm and one key/value head, the "new decoder
// architecture" two norms and groups of heads stored together. Almazrouei et al. 2023.
#include "model/families/family.h"
#include "tensor/formats/half.h"

namespace loci {
namespace {

using kernels::Activation;

Result<> read_heads(PlanBuilder& b, bool grouped) {
  LOCI_TRY(const bool multi_query, b.config.flag_or("multi_query", true));
  LOCI_TRY(const int stored, b.config.extent_or("num_kv_heads", b.heads()));
  const int kv_heads = grouped ? stored : multi_query ? 1 : b.heads();
  if (b.heads() % kv_heads != 0)
    return fail(ErrorCode::kCorrupt, "{} attention heads are not a multiple of {} key/value heads", b.heads(),
                kv_heads);
  b.each_layer([&](LayerSpec& layer, int) { layer.attention.kv_heads = kv_heads; });
  b.layout.query_key_value = grouped || !multi_query ? FusedOrder::kGroups : FusedOrder::kBlocks;
  return {};
}

/// Positions are added before scores are scaled, and slopes are bfloat16. (transformers rounds the products
/// too, which beyond 256 positions makes them depend on the position and not on the distance alone: not
/// repeated here.)
void use_alibi(PlanBuilder& b) {
  b.set_alibi(8);
  for (float& slope : b.spec.alibi_slopes)
    slope = bf16_to_f32(f32_to_bf16(slope)) * b.spec.layers[0].attention.scale;
  b.spec.ropes.clear();
  b.each_layer([](LayerSpec& layer, int) { layer.attention.rope = -1; });
}

Result<> plan_hf(PlanBuilder& b) {
  LOCI_TRY(const bool alibi, b.config.flag_or("alibi", false));
  if (alibi) use_alibi(b);
  LOCI_TRY(const bool grouped, b.config.flag_or("new_decoder_architecture", false));
  LOCI_TRY(const bool parallel, b.config.flag_or("parallel_attn", true));
  LOCI_TRY(const int norms, b.config.extent_or("num_ln_in_parallel_attn", grouped ? 2 : 1));
  LOCI_TRY(const bool bias, b.config.flag_or("bias", false));
  LOCI_TRY_VOID(read_heads(b, grouped));
  b.set_bias(bias, bias, bias);
  const bool two_norms = grouped && norms == 2;
  b.each_layer([&](LayerSpec& layer, int) {
    layer.parallel = parallel || grouped;
    if (layer.parallel && !two_norms) layer.mlp_norm = {};
  });
  b.layout.roots = {"transformer.", ""};
  b.layout.names = {.embedding = "word_embeddings",
                    .output_norm = "ln_f",
                    .layer = "h.{}.",
                    .attention_norm = two_norms ? "ln_attn" : "input_layernorm",
                    .query_key_value = "self_attention.query_key_value",
                    .attention_output = "self_attention.dense",
                    .mlp_norm = two_norms ? "ln_mlp" : "post_attention_layernorm",
                    .up = "mlp.dense_h_to_4h",
                    .down = "mlp.dense_4h_to_h"};
  return {};
}

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGelu));
  LOCI_TRY_VOID(b.read_rope());
  if (!b.is_gguf()) return plan_hf(b);
  // GGUF's first norm is the MLP's where there are two.
  const bool two_norms = b.has_tensor("blk.0.attn_norm_2.weight");
  b.each_layer([&](LayerSpec& layer, int) {
    layer.parallel = true;
    if (!two_norms) layer.mlp_norm = {};
  });
  if (two_norms) b.layout.names.attention_norm = "attn_norm_2", b.layout.names.mlp_norm = "attn_norm";
  return {};
}

constexpr KeyAlias kAliases[] = {{"num_attention_heads", "n_head"},
                                 {"num_hidden_layers", "n_layer"},
                                 {"intermediate_size", "ffn_hidden_size"},
                                 {"hidden_act", "activation"},
                                 {"layer_norm_eps", "layer_norm_epsilon"}};
constexpr std::string_view kHf[] = {"FalconForCausalLM", "RWForCausalLM"};
constexpr std::string_view kGguf[] = {"falcon"};

}  // namespace

const Family kFalconFamily{"falcon", kHf, kGguf, plan, kAliases};

}  // namespace loci
