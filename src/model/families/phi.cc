// Phi 1, 1.5 and 2: LayerNorm, partial RoPE, attention and MLP in parallel behind one norm, biases
// everywhere. Li et al. 2023.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;
using kernels::NormKind;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGeluTanh));
  LOCI_TRY_VOID(b.read_rope(0.5));
  LOCI_TRY_VOID(b.read_tied(false));
  b.each_layer([](LayerSpec& layer, int) { layer.parallel = true, layer.mlp_norm = {}; });
  b.layout.head_bias = true;
  if (b.is_gguf()) return {};
  b.layout.names.attention_output = "self_attn.dense";
  b.layout.names.up = "mlp.fc1";
  b.layout.names.down = "mlp.fc2";
  b.layout.names.output_norm = "final_layernorm";
  b.layout.names.query_norm = "self_attn.q_layernorm";
  b.layout.names.key_norm = "self_attn.k_layernorm";
  LOCI_TRY(const bool head_norm, b.config.flag_or("qk_layernorm", false));
  if (head_norm) b.set_query_key_norm(HeadNorm::kEachHead, NormKind::kLayer);
  b.layout.head_norm_bias = true;
  return {};
}

constexpr std::string_view kHf[] = {"PhiForCausalLM"};
constexpr std::string_view kGguf[] = {"phi2"};

}  // namespace

const Family kPhiFamily{"phi", kHf, kGguf, plan};

}  // namespace loci
