// GPT-NeoX and Pythia: LayerNorm, partial RoPE, attention and MLP in parallel behind two norms, queries, keys
// and values of a head stored together. Black et al. 2022.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGelu));
  LOCI_TRY_VOID(b.read_rope(0.25));
  LOCI_TRY_VOID(b.read_tied(false));
  LOCI_TRY(const bool parallel, b.config.flag_or("use_parallel_residual", true));
  b.each_layer([&](LayerSpec& layer, int) { layer.parallel = parallel; });
  if (b.is_gguf()) return {};
  LOCI_TRY(const bool bias, b.config.flag_or("attention_bias", true));
  b.set_bias(bias, bias, true);
  b.layout.query_key_value = FusedOrder::kGroups;
  b.layout.roots = {"gpt_neox.", ""};
  b.layout.names = {.embedding = "embed_in",
                    .output_norm = "final_layer_norm",
                    .head = b.has_tensor("embed_out.weight") ? "embed_out" : "lm_head",
                    .query_key_value = "attention.query_key_value",
                    .attention_output = "attention.dense",
                    .up = "mlp.dense_h_to_4h",
                    .down = "mlp.dense_4h_to_h"};
  return {};
}

constexpr KeyAlias kAliases[] = {{"partial_rotary_factor", "rotary_pct"}, {"rope_theta", "rotary_emb_base"}};
constexpr std::string_view kHf[] = {"GPTNeoXForCausalLM"};
constexpr std::string_view kGguf[] = {"gptneox"};

}  // namespace

const Family kGptNeoXFamily{"gpt_neox", kHf, kGguf, plan, kAliases};

}  // namespace loci
