// OLMo 1, 2 and 3. The first: Llama with a LayerNorm without parameters and clipped queries, keys and values;
// the second: RMSNorm of what attention and MLP return instead of before them, and of whole rows of queries
// and keys. Groeneveld et al. 2024; OLMo Team 2024.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;
using kernels::NormKind;

Result<> plan_olmo1(PlanBuilder& b) {
  LOCI_TRY_VOID(b.read_sizes());
  LOCI_TRY_VOID(b.set_norms(NormKind::kLayer, "layer_norm_eps", 1e-5));
  LOCI_TRY_VOID(b.read_activation(Activation::kSilu, true));
  LOCI_TRY_VOID(b.read_rope());
  LOCI_TRY_VOID(b.read_tied(false));
  b.layout.norm_weights = false;
  if (b.is_gguf()) b.layout.rotary_rows = RowOrder::kInterleavedPairs;
  LOCI_TRY(const double clip, b.config.number_or("clip_qkv", 0));
  b.each_layer([&](LayerSpec& layer, int) { layer.attention.clip = static_cast<float>(clip); });
  return {};
}

Result<> plan_olmo2(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  b.set_query_key_norm(HeadNorm::kWholeRow, NormKind::kRms);
  b.norm_behind_branches();
  if (!b.config.has("sliding_window")) return {};
  LOCI_TRY_VOID(b.read_sliding_window([](int i) { return (i + 1) % 4 != 0; }));
  LOCI_TRY(const double theta, b.config.number_or("rope_theta", 500000));
  return b.read_global_and_local_rope(theta, theta);
}

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.is("OlmoForCausalLM") || b.is("olmo") ? plan_olmo1(b) : plan_olmo2(b));
  if (b.is_gguf()) return {};
  LOCI_TRY(const bool bias, b.config.flag_or("attention_bias", false));
  b.set_bias(bias, bias, false);
  return {};
}

constexpr std::string_view kHf[] = {"OlmoForCausalLM", "Olmo2ForCausalLM", "Olmo3ForCausalLM"};
constexpr std::string_view kGguf[] = {"olmo", "olmo2"};

}  // namespace

const Family kOlmoFamily{"olmo", kHf, kGguf, plan};

}  // namespace loci
