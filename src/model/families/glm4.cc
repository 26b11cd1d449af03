// GLM 4 (0414): norms before and after attention and MLP, RoPE on neighbours in half of each head, a fused
// MLP. GLM Team 2024.
#include "model/families/family.h"

namespace loci {
namespace {

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  LOCI_TRY_VOID(b.read_rope(0.5));
  b.layout.rotary_rows = RowOrder::kInterleavedPairs;
  b.layout.fused_gate_up = true;
  b.each_layer(
      [](LayerSpec& layer, int) { layer.attention_post_norm = layer.mlp_post_norm = layer.attention_norm; });
  if (b.is_gguf()) return {};
  LOCI_TRY(b.layout.query_key_value_bias, b.config.flag_or("attention_bias", false));
  b.layout.names.attention_post_norm = "post_self_attn_layernorm";
  b.layout.names.mlp_post_norm = "post_mlp_layernorm";
  b.layout.names.up = b.layout.names.gate_up = "mlp.gate_up_proj";
  return {};
}

constexpr std::string_view kHf[] = {"Glm4ForCausalLM"};
constexpr std::string_view kGguf[] = {"glm4"};

}  // namespace

const Family kGlm4Family{"glm4", kHf, kGguf, plan};

}  // namespace loci
