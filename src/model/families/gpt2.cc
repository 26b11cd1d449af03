// GPT-2: learned positions, LayerNorm, GELU, matrices stored transposed (Conv1D). Radford et al. 2019.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGeluTanh));
  b.spec.embedding.learned_positions = b.spec.context_length;
  if (b.is_gguf()) return {};
  b.layout.query_key_value = FusedOrder::kBlocks;
  b.layout.transposed = true;
  b.layout.roots = {"transformer.", ""};
  b.layout.names = {.embedding = "wte",
                    .positions = "wpe",
                    .output_norm = "ln_f",
                    .layer = "h.{}.",
                    .attention_norm = "ln_1",
                    .query_key_value = "attn.c_attn",
                    .attention_output = "attn.c_proj",
                    .mlp_norm = "ln_2",
                    .up = "mlp.c_fc",
                    .down = "mlp.c_proj"};
  LOCI_TRY(const bool scaled, b.config.flag_or("scale_attn_weights", true));
  LOCI_TRY(const bool by_layer, b.config.flag_or("scale_attn_by_inverse_layer_idx", false));
  b.each_layer([&](LayerSpec& layer, int i) {
    if (!scaled) layer.attention.scale = 1;
    if (by_layer) layer.attention.scale /= static_cast<float>(i + 1);
  });
  return {};
}

constexpr KeyAlias kAliases[] = {{"hidden_size", "n_embd"},
                                 {"num_hidden_layers", "n_layer"},
                                 {"num_attention_heads", "n_head"},
                                 {"intermediate_size", "n_inner"},
                                 {"max_position_embeddings", "n_positions"},
                                 {"hidden_act", "activation_function"},
                                 {"layer_norm_eps", "layer_norm_epsilon"}};
constexpr std::string_view kHf[] = {"GPT2LMHeadModel"};
constexpr std::string_view kGguf[] = {"gpt2"};

}  // namespace

const Family kGpt2Family{"gpt2", kHf, kGguf, plan, kAliases};

}  // namespace loci
