#include "model/plan_builder.h"

#include <algorithm>
#include <cmath>

namespace loci {

using kernels::Activation;
using kernels::NormKind;

namespace {

// Four times and 16 times what the largest models have. They keep products of heads, dimensions and tokens in
// an int.
constexpr int kMaxHeads = 4096, kMaxFeatures = 1 << 20;
constexpr double kMaxContext = 1 << 24;

}  // namespace

PlanBuilder::PlanBuilder(const Checkpoint& c, PlanOptions o) : checkpoint(c), options(o), config(c) {
  if (c.is_gguf()) {
    layout.names = kGgufNames;
    layout.roots = {""};
    if (has_tensor("blk.0.attn_qkv.weight")) layout.query_key_value = FusedOrder::kBlocks;
  }
}

Result<> PlanBuilder::llama() {
  LOCI_TRY_VOID(read_sizes());
  LOCI_TRY_VOID(set_norms(NormKind::kRms, "rms_norm_eps", 1e-6));
  LOCI_TRY_VOID(read_activation(Activation::kSilu, true));
  LOCI_TRY_VOID(read_rope());
  LOCI_TRY_VOID(read_tied(false));
  if (is_gguf()) set_gguf_bias();
  return {};
}

Result<> PlanBuilder::layer_norm_decoder(Activation fallback) {
  LOCI_TRY_VOID(read_sizes());
  LOCI_TRY_VOID(set_norms(NormKind::kLayer, "layer_norm_eps", 1e-5));
  LOCI_TRY_VOID(read_activation(fallback, false));
  LOCI_TRY_VOID(read_tied(true));
  layout.norm_bias = true;
  set_bias(true, true, true);
  if (is_gguf()) set_gguf_bias();
  return {};
}

Result<int> PlanBuilder::read_vocabulary() const {
  if (!is_gguf()) return config.extent("vocab_size");
  const Tensor* embedding = checkpoint.find("token_embd.weight");
  if (embedding == nullptr) return fail(ErrorCode::kCorrupt, "tensor 'token_embd.weight' is missing");
  return static_cast<int>(std::min<std::size_t>(embedding->rows(), 1 << 24));
}

Result<> PlanBuilder::read_sizes() {
  LOCI_TRY(const int experts, config.is_gguf() ? Result<int>(0) : config.extent_or("num_local_experts", 1));
  LOCI_TRY(const auto gguf_experts,
           config.is_gguf() ? config.gguf().get_or<std::int64_t>(config.gguf_key("expert_count"), 0)
                            : Result<std::int64_t>(0));
  if (experts > 1 || gguf_experts > 0)
    return fail(ErrorCode::kUnsupported, "{} is {}: mixtures of experts are not supported yet",
                config.spelled("num_local_experts"), std::max<std::int64_t>(experts, gguf_experts));
  LOCI_TRY(const int layers, config.extent("num_hidden_layers"));
  // Each layer has tensors of its own, so a count beyond the tensors is a lie that must not size an
  // allocation.
  if (static_cast<std::size_t>(layers) > checkpoint.tensors().size())
    return fail(ErrorCode::kCorrupt, "{} layers are declared, the file has {} tensors", layers,
                checkpoint.tensors().size());
  LOCI_TRY(spec.hidden_size, config.extent("hidden_size"));
  AttentionSpec a;
  LOCI_TRY(a.heads, config.extent("num_attention_heads"));
  LOCI_TRY(a.kv_heads, config.extent_or("num_key_value_heads", a.heads));
  LOCI_TRY(a.head_dim, config.extent_or("head_dim", std::max(spec.hidden_size / a.heads, 1)));
  LOCI_TRY(const int value_dim, config.extent_or("value_length", a.head_dim));
  if (a.heads > kMaxHeads || a.head_dim > kMaxFeatures / a.heads)
    return fail(ErrorCode::kCorrupt, "{} is {}, {} is {}: at most {} heads and {} features are supported",
                config.spelled("num_attention_heads"), a.heads, config.spelled("head_dim"), a.head_dim,
                kMaxHeads, kMaxFeatures);
  if (a.heads % a.kv_heads != 0)
    return fail(ErrorCode::kCorrupt, "{} attention heads are not a multiple of {} key/value heads", a.heads,
                a.kv_heads);
  if (is_gguf() && value_dim != a.head_dim)
    return fail(ErrorCode::kUnsupported, "{} is {}, but keys have {} dimensions: not supported yet",
                config.spelled("value_length"), value_dim, a.head_dim);
  a.scale = 1.0f / std::sqrt(static_cast<float>(a.head_dim));
  MlpSpec mlp;
  LOCI_TRY(mlp.intermediate_size, config.extent_or("intermediate_size", 4 * spec.hidden_size));
  LOCI_TRY(spec.vocab_size, read_vocabulary());
  LOCI_TRY(spec.context_length, config.extent_or("max_position_embeddings", 2048));
  spec.embedding.features = spec.hidden_size;
  spec.layers.assign(static_cast<std::size_t>(layers), LayerSpec{.attention = a, .mlp = mlp});
  return {};
}

Result<> PlanBuilder::set_norms(NormKind kind, std::string_view epsilon_key, double fallback) {
  LOCI_TRY(const double epsilon,
           is_gguf() ? config.number(epsilon_key) : config.number_or(epsilon_key, fallback));
  const NormSpec norm{true, kind, static_cast<float>(epsilon)};
  each_layer([&](LayerSpec& layer, int) { layer.attention_norm = layer.mlp_norm = norm; });
  spec.output_norm = norm;
  return {};
}

Result<> PlanBuilder::read_activation(Activation fallback, bool gated) {
  struct Name {
    std::string_view name;
    Activation kind;
  };
  static constexpr Name kNames[] = {
      {"silu", Activation::kSilu},           {"swish", Activation::kSilu},
      {"gelu", Activation::kGelu},           {"gelu_new", Activation::kGeluTanh},
      {"gelu_fast", Activation::kGeluTanh},  {"gelu_pytorch_tanh", Activation::kGeluTanh},
      {"gelu_python", Activation::kGelu},    {"gelu_accurate", Activation::kGeluTanh},
      {"relu", Activation::kRelu},           {"relu2", Activation::kReluSquared},
      {"quick_gelu", Activation::kQuickGelu}};
  LOCI_TRY(const std::string name, config.text_or("hidden_act", ""));
  const auto found = std::ranges::find(kNames, name, &Name::name);
  if (!name.empty() && found == std::end(kNames))
    return fail(ErrorCode::kUnsupported, "{} \"{}\" is not supported", config.spelled("hidden_act"), name);
  const Activation kind = name.empty() ? fallback : found->kind;
  each_layer([&](LayerSpec& layer, int) { layer.mlp.activation = kind, layer.mlp.gated = gated; });
  return {};
}

Result<> PlanBuilder::read_rope(double fallback_fraction) {
  LOCI_TRY(double fraction, config.number_or("partial_rotary_factor", fallback_fraction));
  if (const json::value* nested = find_field(config.json(), "rope_parameters"); nested && nested->is_object())
    if (const json::value* value = find_field(nested->get_object(), "partial_rotary_factor");
        value && value->is_number())
      fraction = value->to_number<double>();
  if (!(fraction > 0 && fraction <= 1))
    return fail(ErrorCode::kCorrupt, "{} is {}, must be in (0, 1]", config.spelled("partial_rotary_factor"),
                fraction);
  int dimensions = rotary_dim(fraction);
  if (is_gguf()) {
    LOCI_TRY(dimensions, config.extent_or("rotary_dim", dimensions));
    if (dimensions > head_dim())
      return fail(ErrorCode::kCorrupt, "{} is {}, a head has {} dimensions", config.spelled("rotary_dim"),
                  dimensions, head_dim());
  }
  LOCI_TRY(RopeSpec rope,
           loci::read_rope(checkpoint, config,
                           {.rotary_dim = dimensions, .served_context = options.served_context}));
  // "max_position_embeddings" stays as it was where a user adds a scaling, as the cards of Qwen say to.
  if (rope.reach > spec.context_length)
    spec.context_length = static_cast<int>(std::min(rope.reach, kMaxContext));
  spec.ropes = {std::move(rope)};
  each_layer([](LayerSpec& layer, int) { layer.attention.rope = 0; });
  return {};
}

Result<> PlanBuilder::read_global_and_local_rope(double fallback_theta, double fallback_local_theta) {
  RopeQuery query{.rotary_dim = head_dim(),
                  .default_theta = fallback_theta,
                  .layer_type = "full_attention",
                  .served_context = options.served_context};
  LOCI_TRY(RopeSpec global, loci::read_rope(checkpoint, config, query));
  query.layer_type = "sliding_attention";
  query.default_theta = fallback_local_theta;
  LOCI_TRY(RopeSpec local, loci::read_rope(checkpoint, config, query));
  spec.ropes = {std::move(global), std::move(local)};
  each_layer([](LayerSpec& layer, int) { layer.attention.rope = layer.attention.window > 0 ? 1 : 0; });
  return {};
}

Result<> PlanBuilder::read_tied(bool fallback) {
  if (is_gguf()) {
    layout.tied = !has_tensor("output.weight");
    return {};
  }
  LOCI_TRY(layout.tied, config.flag_or("tie_word_embeddings", fallback));
  // "MistralModel", and "Qwen3ForCausalLM" of a sentence transformer, whose head was not stored.
  const bool pooled = !checkpoint.tokenizer_files().pooling_config.empty();
  const bool stored = layout.tied || has_tensor("lm_head.weight") || has_tensor("embed_out.weight");
  const bool headless = spec.architecture.ends_with("Model") && !spec.architecture.ends_with("LMHeadModel");
  if (headless || (pooled && !stored)) spec.has_head = false;
  return {};
}

Result<std::vector<std::string>> PlanBuilder::layer_types() const {
  std::vector<std::string> types;
  const json::value* list = find_field(config.json(), "layer_types");
  if (list == nullptr) return types;
  if (!list->is_array() || list->get_array().size() != spec.layers.size())
    return fail(ErrorCode::kCorrupt, "field 'layer_types' is not a list of {} names", spec.layers.size());
  for (const json::value& type : list->get_array()) {
    if (!type.is_string() || (type != "full_attention" && type != "sliding_attention"))
      return fail(ErrorCode::kUnsupported, "field 'layer_types' has {}, which is not supported",
                  json::serialize(type));
    types.emplace_back(type.get_string());
  }
  return types;
}

Result<> PlanBuilder::read_sliding_window(const std::function<bool(int)>& is_sliding, int absent) {
  if (!config.is_absent("sliding_window")) absent = 0;
  LOCI_TRY(const double stored, config.number_or("sliding_window", absent));
  if (stored == 0) return {};  // GGUF's way to say none
  LOCI_TRY(const int window, config.extent_or("sliding_window", absent));
  LOCI_TRY(const auto types, layer_types());
  each_layer([&](LayerSpec& layer, int i) {
    const bool sliding =
        types.empty() ? is_sliding(i) : types[static_cast<std::size_t>(i)] == "sliding_attention";
    if (sliding) layer.attention.window = window;
  });
  return {};
}

Result<> PlanBuilder::read_causal() {
  if (!spec.causal) return {};
  LOCI_TRY(spec.causal, config.flag_or("is_causal", true));
  if (spec.causal) return {};
  spec.has_head = false;
  const bool windows =
      std::ranges::any_of(spec.layers, [](const LayerSpec& layer) { return layer.attention.window > 0; });
  if (windows || !spec.alibi_slopes.empty())
    return fail(ErrorCode::kUnsupported, "{} is false: not supported together with {}",
                config.spelled("is_causal"), windows ? "a sliding window" : "ALiBi");
  return {};
}

void PlanBuilder::norm_behind_branches() {
  each_layer([](LayerSpec& layer, int) {
    layer.attention_post_norm = layer.mlp_post_norm = layer.attention_norm;
    layer.attention_norm = layer.mlp_norm = {};
  });
  if (is_gguf()) return;
  layout.names.attention_post_norm = "post_attention_layernorm";
  layout.names.mlp_post_norm = "post_feedforward_layernorm";
}

void PlanBuilder::set_query_key_norm(HeadNorm kind, NormKind norm) {
  const float epsilon = spec.layers[0].attention_norm.present ? spec.layers[0].attention_norm.epsilon
                                                              : spec.output_norm.epsilon;
  each_layer([&](LayerSpec& layer, int) {
    layer.attention.head_norm = kind;
    layer.attention.query_key_norm = {true, norm, epsilon};
  });
}

void PlanBuilder::set_bias(bool query_key_value, bool attention_output, bool mlp) {
  layout.query_key_value_bias = query_key_value;
  layout.attention_output_bias = attention_output;
  layout.up_bias = layout.down_bias = mlp;
}

void PlanBuilder::set_gguf_bias() {
  layout.query_key_value_bias = has_tensor("blk.0.attn_q.bias") || has_tensor("blk.0.attn_qkv.bias");
  layout.attention_output_bias = has_tensor("blk.0.attn_output.bias");
  layout.up_bias = has_tensor("blk.0.ffn_up.bias");
  layout.down_bias = has_tensor("blk.0.ffn_down.bias");
  layout.head_bias = has_tensor("output.bias");
}

/// Slopes of a geometric sequence for the power of two below the heads, the rest from between (Press et al.
/// 2022, as BLOOM and MPT have it).
void PlanBuilder::set_alibi(double max_bias) {
  const int count = heads();
  int power = 1;
  while (2 * power <= count) power *= 2;
  spec.alibi_slopes.clear();
  for (int i = 1; i <= power; ++i)
    spec.alibi_slopes.push_back(static_cast<float>(std::exp2(-max_bias * i / power)));
  for (int i = 1; static_cast<int>(spec.alibi_slopes.size()) < count; i += 2)
    spec.alibi_slopes.push_back(static_cast<float>(std::exp2(-max_bias * i / (2 * power))));
}

void PlanBuilder::each_layer(const std::function<void(LayerSpec&, int)>& change) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) change(spec.layers[i], static_cast<int>(i));
}

}  // namespace loci
