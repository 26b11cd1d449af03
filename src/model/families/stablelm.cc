// StableLM 2 and 3B: Llama with LayerNorm and partial RoPE; attention and MLP in parallel, norms of each head
// and biases where the configuration says so. Bellagente et al. 2024.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;
using kernels::NormKind;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.read_sizes());
  LOCI_TRY_VOID(b.set_norms(NormKind::kLayer, "layer_norm_eps", 1e-5));
  LOCI_TRY_VOID(b.read_activation(Activation::kSilu, true));
  LOCI_TRY_VOID(b.read_rope(0.25));
  LOCI_TRY_VOID(b.read_tied(false));
  b.layout.norm_bias = true;
  // GGUF's key is true where the converter found none: only the tensors tell.
  LOCI_TRY(const bool parallel, b.is_gguf() ? Result<bool>(!b.has_tensor("blk.0.ffn_norm.weight"))
                                            : b.config.flag_or("use_parallel_residual", false));
  b.each_layer([&](LayerSpec& layer, int) {
    layer.parallel = parallel;
    if (parallel) layer.mlp_norm = {};
  });
  b.layout.head_norm_per_head = true;
  bool head_norm = b.has_tensor("blk.0.attn_q_norm.weight");
  if (b.is_gguf()) {
    b.set_gguf_bias();
  } else {
    LOCI_TRY(b.layout.query_key_value_bias, b.config.flag_or("use_qkv_bias", false));
    LOCI_TRY(head_norm, b.config.flag_or("qk_layernorm", false));
    b.layout.head_norm_split = true;
    b.layout.names.query_norm = "self_attn.q_layernorm";
    b.layout.names.key_norm = "self_attn.k_layernorm";
  }
  if (head_norm) b.set_query_key_norm(HeadNorm::kEachHead, NormKind::kLayer);
  return {};
}

constexpr std::string_view kHf[] = {"StableLmForCausalLM"};
constexpr std::string_view kGguf[] = {"stablelm"};

}  // namespace

const Family kStableLmFamily{"stablelm", kHf, kGguf, plan};

}  // namespace loci
