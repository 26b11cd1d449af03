// GPT-J: LayerNorm, RoPE on neighbours in the first dimensions of each head, attention and MLP in parallel
// behind one norm. Wang and Komatsuzaki 2021.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGeluTanh));
  LOCI_TRY(const int rotary_dim, b.config.extent_or("rotary_dim", b.head_dim()));
  LOCI_TRY_VOID(b.read_rope(static_cast<double>(rotary_dim) / b.head_dim()));
  LOCI_TRY_VOID(b.read_tied(false));
  b.each_layer([](LayerSpec& layer, int) { layer.parallel = true, layer.mlp_norm = {}; });
  b.set_bias(false, false, true);
  b.layout.head_bias = true;
  b.layout.rotary_rows = RowOrder::kInterleavedPairs;
  b.layout.roots = {"transformer.", ""};
  b.layout.names = {.embedding = "wte",
                    .output_norm = "ln_f",
                    .layer = "h.{}.",
                    .attention_norm = "ln_1",
                    .query = "attn.q_proj",
                    .key = "attn.k_proj",
                    .value = "attn.v_proj",
                    .attention_output = "attn.out_proj",
                    .up = "mlp.fc_in",
                    .down = "mlp.fc_out"};
  return {};
}

constexpr KeyAlias kAliases[] = {{"hidden_size", "n_embd"},
                                 {"num_hidden_layers", "n_layer"},
                                 {"num_attention_heads", "n_head"},
                                 {"intermediate_size", "n_inner"},
                                 {"max_position_embeddings", "n_positions"},
                                 {"hidden_act", "activation_function"},
                                 {"layer_norm_eps", "layer_norm_epsilon"}};
constexpr std::string_view kHf[] = {"GPTJForCausalLM"};

}  // namespace

const Family kGptJFamily{"gptj", kHf, {}, plan, kAliases};

}  // namespace loci
