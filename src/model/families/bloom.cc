// BLOOM: ALiBi instead of positions, a norm behind the embedding, queries, keys and values of a head stored
// together. Scao et al. 2022.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGeluTanh));
  b.spec.embedding.norm = b.spec.output_norm;
  b.set_alibi(8);
  if (b.is_gguf()) return {};
  b.layout.query_key_value = FusedOrder::kGroups;
  b.layout.roots = {"transformer.", ""};
  b.layout.names = {.embedding = "word_embeddings",
                    .embedding_norm = "word_embeddings_layernorm",
                    .output_norm = "ln_f",
                    .layer = "h.{}.",
                    .query_key_value = "self_attention.query_key_value",
                    .attention_output = "self_attention.dense",
                    .up = "mlp.dense_h_to_4h",
                    .down = "mlp.dense_4h_to_h"};
  LOCI_TRY(const bool behind, b.config.flag_or("apply_residual_connection_post_layernorm", false));
  if (behind)
    return fail(ErrorCode::kUnsupported, "field 'apply_residual_connection_post_layernorm' is not supported");
  return {};
}

constexpr KeyAlias kAliases[] = {{"num_attention_heads", "n_head"},
                                 {"num_hidden_layers", "n_layer"},
                                 {"hidden_size", "n_embed"},
                                 {"layer_norm_eps", "layer_norm_epsilon"},
                                 {"max_position_embeddings", "seq_length"}};
constexpr std::string_view kHf[] = {"BloomForCausalLM"};
constexpr std::string_view kGguf[] = {"bloom"};

}  // namespace

const Family kBloomFamily{"bloom", kHf, kGguf, plan, kAliases};

}  // namespace loci
