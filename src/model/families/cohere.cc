// Command R and R7B: LayerNorm without biases, attention and MLP in parallel behind one norm, scaled logits,
// RoPE on neighbours. Command R7B (Cohere 2) has sliding windows with RoPE, and every fourth layer global
// without.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;
using kernels::NormKind;

Result<> plan_cohere2(PlanBuilder& b) {
  LOCI_TRY(const int pattern, b.config.extent_or("sliding_window_pattern", 4));
  LOCI_TRY_VOID(b.read_sliding_window([&](int i) { return (i + 1) % pattern != 0; }, 4096));
  b.each_layer([](LayerSpec& layer, int) {
    if (layer.attention.window == 0) layer.attention.rope = -1;
  });
  return {};
}

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.read_sizes());
  LOCI_TRY_VOID(b.set_norms(NormKind::kLayer, "layer_norm_eps", 1e-5));
  LOCI_TRY_VOID(b.read_activation(Activation::kSilu, true));
  LOCI_TRY_VOID(b.read_rope());
  LOCI_TRY_VOID(b.read_tied(true));
  b.each_layer([](LayerSpec& layer, int) { layer.parallel = true, layer.mlp_norm = {}; });
  b.layout.rotary_rows = RowOrder::kInterleavedPairs;
  LOCI_TRY(const double scale, b.config.number_or("logit_scale", 0.0625));
  b.spec.logit_scale = static_cast<float>(scale);
  b.layout.head_norm_per_head = true;
  bool head_norm = b.has_tensor("blk.0.attn_q_norm.weight");
  if (!b.is_gguf()) {
    LOCI_TRY(const bool bias, b.config.flag_or("attention_bias", false));
    b.set_bias(bias, bias, false);
    LOCI_TRY(head_norm, b.config.flag_or("use_qk_norm", false));
  }
  if (head_norm) b.set_query_key_norm(HeadNorm::kEachHead, NormKind::kLayer);
  if (b.is("Cohere2ForCausalLM") || b.is("cohere2")) return plan_cohere2(b);
  return {};
}

constexpr std::string_view kHf[] = {"CohereForCausalLM", "Cohere2ForCausalLM"};
constexpr std::string_view kGguf[] = {"command-r", "cohere2"};

}  // namespace

const Family kCohereFamily{"cohere", kHf, kGguf, plan};

}  // namespace loci
