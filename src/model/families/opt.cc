// OPT: learned positions from row 2, LayerNorm, ReLU; the 350M model normalizes behind each sum and embeds in
// fewer features than it computes in. Zhang et al. 2022.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;

/// Norms of the sums instead of before attention and MLP.
void normalize_behind(PlanBuilder& b) {
  b.each_layer([](LayerSpec& layer, int) {
    layer.attention_stream_norm = layer.attention_norm;
    layer.mlp_stream_norm = layer.mlp_norm;
    layer.attention_norm = layer.mlp_norm = {};
  });
  b.layout.names.attention_stream_norm = "self_attn_layer_norm";
  b.layout.names.mlp_stream_norm = "final_layer_norm";
  b.spec.output_norm = {};
}

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kRelu));
  b.spec.embedding.learned_positions = b.spec.context_length + 2;
  b.spec.embedding.position_offset = 2;
  LOCI_TRY(b.spec.embedding.features, b.config.extent_or("word_embed_proj_dim", b.spec.hidden_size));
  b.layout.roots = {"model.decoder.", "decoder."};
  b.layout.names = {.positions = "embed_positions",
                    .project_in = "project_in",
                    .project_out = "project_out",
                    .output_norm = "final_layer_norm",
                    .attention_norm = "self_attn_layer_norm",
                    .attention_output = "self_attn.out_proj",
                    .mlp_norm = "final_layer_norm",
                    .up = "fc1",
                    .down = "fc2"};
  LOCI_TRY(const bool bias, b.config.flag_or("enable_bias", true));
  b.set_bias(bias, bias, bias);
  LOCI_TRY(const bool before, b.config.flag_or("do_layer_norm_before", true));
  LOCI_TRY(const bool no_final, b.config.flag_or("_remove_final_layer_norm", false));
  LOCI_TRY(b.layout.norm_weights, b.config.flag_or("layer_norm_elementwise_affine", true));
  if (!before) normalize_behind(b);
  if (no_final) b.spec.output_norm = {};
  return {};
}

constexpr KeyAlias kAliases[] = {{"intermediate_size", "ffn_dim"}, {"hidden_act", "activation_function"}};
constexpr std::string_view kHf[] = {"OPTForCausalLM"};

}  // namespace

const Family kOptFamily{"opt", kHf, {}, plan, kAliases};

}  // namespace loci
