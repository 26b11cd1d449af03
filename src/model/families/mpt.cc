// MPT: ALiBi, LayerNorm and linear layers without biases, clipped queries, keys and values. MosaicML 2023.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;

/// config.json keeps what concerns attention in an object of its own.
Result<> read_attention(PlanBuilder& b) {
  static const json::object kNone;
  const json::value* found = find_field(b.config.json(), "attn_config");
  const json::object& attention = found != nullptr && found->is_object() ? found->get_object() : kNone;
  const auto number_or = [&](const char* key, double fallback) -> Result<double> {
    const json::value* value = find_field(attention, key);
    if (value == nullptr) return fallback;
    if (!value->is_number()) return fail(ErrorCode::kCorrupt, "field 'attn_config.{}' is not a number", key);
    return value->to_number<double>();
  };
  LOCI_TRY(const double clip, number_or("clip_qkv", 0));
  LOCI_TRY(const double max_bias, number_or("alibi_bias_max", 8));
  LOCI_TRY(const double scale, number_or("softmax_scale", b.spec.layers[0].attention.scale));
  for (const char* key : {"qk_ln", "prefix_lm", "attn_uses_sequence_id"})
    if (const json::value* value = find_field(attention, key); value != nullptr && *value == true)
      return fail(ErrorCode::kUnsupported, "field 'attn_config.{}' is not supported", key);
  if (const json::value* alibi = find_field(attention, "alibi"); alibi != nullptr && *alibi == false)
    return fail(ErrorCode::kUnsupported,
                "field 'attn_config.alibi': MPT with learned positions is not supported");
  b.each_layer([&](LayerSpec& layer, int) {
    layer.attention.clip = static_cast<float>(clip);
    layer.attention.scale = static_cast<float>(scale);
  });
  b.set_alibi(max_bias);
  return {};
}

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGelu));
  b.layout.norm_bias = b.has_tensor("blk.0.attn_norm.bias");
  if (b.is_gguf()) {
    LOCI_TRY(const double clip, b.config.number_or("clip_qkv", 0));
    LOCI_TRY(const double max_bias, b.config.number_or("alibi_bias_max", 8));
    if (!(max_bias > 0))
      return fail(ErrorCode::kUnsupported, "{} is {}: MPT with learned positions is not supported",
                  b.config.spelled("alibi_bias_max"), max_bias);
    b.each_layer([&](LayerSpec& layer, int) { layer.attention.clip = static_cast<float>(clip); });
    b.set_alibi(max_bias);
    return {};
  }
  LOCI_TRY_VOID(read_attention(b));
  b.set_bias(false, false, false);
  b.layout.query_key_value = FusedOrder::kBlocks;
  b.layout.roots = {"transformer.", ""};
  b.layout.names = {.embedding = "wte",
                    .output_norm = "norm_f",
                    .layer = "blocks.{}.",
                    .attention_norm = "norm_1",
                    .query_key_value = "attn.Wqkv",
                    .attention_output = "attn.out_proj",
                    .mlp_norm = "norm_2",
                    .up = "ffn.up_proj",
                    .down = "ffn.down_proj"};
  return {};
}

constexpr KeyAlias kAliases[] = {{"num_attention_heads", "n_heads"},
                                 {"num_hidden_layers", "n_layers"},
                                 {"hidden_size", "d_model"},
                                 {"max_position_embeddings", "max_seq_len"},
                                 {"layer_norm_eps", "layer_norm_epsilon"}};
constexpr std::string_view kHf[] = {"MptForCausalLM", "MPTForCausalLM"};
constexpr std::string_view kGguf[] = {"mpt"};

}  // namespace

const Family kMptFamily{"mpt", kHf, kGguf, plan, kAliases};

}  // namespace loci
