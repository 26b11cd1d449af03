#include "model/layout.h"

namespace loci {

const TensorNames kGgufNames{.embedding = "token_embd",
                             .positions = "position_embd",
                             .token_type = "token_types",
                             .embedding_norm = "token_embd_norm",
                             .output_norm = "output_norm",
                             .head = "output",
                             .layer = "blk.{}.",
                             .attention_norm = "attn_norm",
                             .query = "attn_q",
                             .key = "attn_k",
                             .value = "attn_v",
                             .query_key_value = "attn_qkv",
                             .attention_output = "attn_output",
                             .query_norm = "attn_q_norm",
                             .key_norm = "attn_k_norm",
                             .attention_post_norm = "post_attention_norm",
                             .attention_stream_norm = "attn_output_norm",
                             .mlp_norm = "ffn_norm",
                             .gate = "ffn_gate",
                             .up = "ffn_up",
                             .gate_up = "ffn_up",
                             .down = "ffn_down",
                             .mlp_post_norm = "post_ffw_norm",
                             .mlp_stream_norm = "layer_output_norm"};

int RowSource::stored_row(int row) const {
  if (head_dim == 0) return first + row;
  const int head = row / head_dim;
  int within = row % head_dim;
  if (order == RowOrder::kInterleavedPairs && within < rotary_dim) {
    const int half = rotary_dim / 2;
    within = within < half ? 2 * within : 2 * (within - half) + 1;
  }
  return first + head / group_heads * group_stride + head % group_heads * head_dim + within;
}

namespace {

class LayerSourceMaker {
 public:
  LayerSourceMaker(const ModelSpec& spec, const LayerSpec& layer, const StoredLayout& layout,
                   std::string prefix)
      : spec_(spec), layer_(layer), layout_(layout), prefix_(std::move(prefix)) {}

  LayerSources make() const {
    const TensorNames& n = layout_.names;
    LayerSources s;
    s.attention_norm = norm(layer_.attention_norm, n.attention_norm);
    s.mlp_norm = norm(layer_.mlp_norm, n.mlp_norm);
    s.attention_post_norm = norm(layer_.attention_post_norm, n.attention_post_norm);
    s.mlp_post_norm = norm(layer_.mlp_post_norm, n.mlp_post_norm);
    s.attention_stream_norm = norm(layer_.attention_stream_norm, n.attention_stream_norm);
    s.mlp_stream_norm = norm(layer_.mlp_stream_norm, n.mlp_stream_norm);
    s.query_norm = head_norm(n.query_norm, layer_.attention.heads);
    s.key_norm = head_norm(n.key_norm, layer_.attention.kv_heads);
    s.query_key_value = query_key_value();
    s.attention_output = linear(n.attention_output, spec_.hidden_size, layout_.attention_output_bias);
    s.gate_up = gate_up();
    s.down = linear(n.down, spec_.hidden_size, layout_.down_bias);
    return s;
  }

 private:
  std::string full(std::string_view name) const { return fmt::format("{}{}.weight", prefix_, name); }

  NormSource norm(const NormSpec& norm, std::string_view name) const {
    NormSource source;
    if (!norm.present || !layout_.norm_weights) return source;
    source.weight = {{.tensor = full(name), .rows = spec_.hidden_size}};
    source.bias = layout_.norm_bias;
    source.add = layout_.norm_add;
    return source;
  }

  /// Weights of one head, which all share, or of all heads. They are in the order of the stored rows.
  NormSource head_norm(std::string_view name, int heads) const {
    const AttentionSpec& a = layer_.attention;
    NormSource source{.weight = {}, .bias = layout_.head_norm_bias, .add = layout_.norm_add};
    if (a.head_norm == HeadNorm::kNone) return source;
    if (layout_.head_norm_split) {
      for (int h = 0; h < heads; ++h)
        source.weight.push_back(rotary(full(fmt::format("{}.norms.{}", name, h)), a.head_dim));
      return source;
    }
    const bool shared = a.head_norm == HeadNorm::kEachHead && !layout_.head_norm_per_head;
    source.weight = {rotary(full(name), shared ? a.head_dim : heads * a.head_dim)};
    return source;
  }

  /// Rows of heads that rotate.
  RowSource rotary(std::string tensor, int rows) const {
    const AttentionSpec& a = layer_.attention;
    const int rotary_dim = a.rope < 0 ? 0 : spec_.ropes[static_cast<std::size_t>(a.rope)].rotary_dim;
    return {.tensor = std::move(tensor),
            .rows = rows,
            .head_dim = a.head_dim,
            .group_stride = a.head_dim,
            .order = layout_.rotary_rows,
            // The stored order is a property of the file: layers without RoPE have it too.
            .rotary_dim = rotary_dim > 0 || spec_.ropes.empty() ? rotary_dim : spec_.ropes[0].rotary_dim};
  }

  LinearSource query_key_value() const {
    const AttentionSpec& a = layer_.attention;
    const TensorNames& n = layout_.names;
    LinearSource source{.rows = {}, .transposed = layout_.transposed, .bias = layout_.query_key_value_bias};
    if (layout_.query_key_value == FusedOrder::kSeparate) {
      source.rows = {rotary(full(n.query), a.query_features()),
                     rotary(full(n.key), a.kv_features()),
                     {.tensor = full(n.value), .rows = a.kv_features()}};
      return source;
    }
    const int group = a.heads / a.kv_heads, all = a.query_features() + 2 * a.kv_features();
    const bool groups = layout_.query_key_value == FusedOrder::kGroups;
    const auto part = [&](int rows, int first_in_blocks, int first_in_group, int group_heads) {
      RowSource rows_of = rotary(full(n.query_key_value), rows);
      rows_of.stored_rows = all;
      rows_of.first = groups ? first_in_group * a.head_dim : first_in_blocks;
      if (groups) {
        rows_of.group_heads = group_heads;
        rows_of.group_stride = (group + 2) * a.head_dim;
      }
      return rows_of;
    };
    source.rows = {part(a.query_features(), 0, 0, group), part(a.kv_features(), a.query_features(), group, 1),
                   part(a.kv_features(), a.query_features() + a.kv_features(), group + 1, 1)};
    source.rows[2].order = RowOrder::kAsStored;
    return source;
  }

  LinearSource gate_up() const {
    const TensorNames& n = layout_.names;
    const int rows = layer_.mlp.intermediate_size;
    LinearSource source = linear(n.up, rows, layout_.up_bias);
    if (!layer_.mlp.gated) return source;
    source.in_turns = true;
    if (layout_.fused_gate_up) {
      source.rows = {{.tensor = full(n.gate_up), .rows = rows, .stored_rows = 2 * rows},
                     {.tensor = full(n.gate_up), .rows = rows, .stored_rows = 2 * rows, .first = rows}};
    } else {
      source.rows.insert(source.rows.begin(), {.tensor = full(n.gate), .rows = rows});
    }
    return source;
  }

  LinearSource linear(std::string_view name, int rows, bool bias) const {
    return {.rows = {{.tensor = full(name), .rows = rows}}, .transposed = layout_.transposed, .bias = bias};
  }

  const ModelSpec& spec_;
  const LayerSpec& layer_;
  const StoredLayout& layout_;
  std::string prefix_;
};

Result<std::string> find_root(const Checkpoint& checkpoint, const StoredLayout& layout) {
  for (const std::string_view root : layout.roots)
    if (checkpoint.find(fmt::format("{}{}.weight", root, layout.names.embedding)) != nullptr)
      return std::string(root);
  return fail(ErrorCode::kCorrupt, "tensor '{}{}.weight' is missing", layout.roots.front(),
              layout.names.embedding);
}

NormSource outer_norm(const StoredLayout& layout, const std::string& root, std::string_view name,
                      const NormSpec& norm, int features) {
  NormSource source;
  if (!norm.present || !layout.norm_weights) return source;
  source.weight = {{.tensor = fmt::format("{}{}.weight", root, name), .rows = features}};
  source.bias = layout.norm_bias;
  source.add = layout.norm_add;
  return source;
}

}  // namespace

Result<ModelSources> make_sources(const Checkpoint& checkpoint, const ModelSpec& spec,
                                  const StoredLayout& layout) {
  LOCI_TRY(const std::string root, find_root(checkpoint, layout));
  const TensorNames& n = layout.names;
  const auto full = [&](std::string_view name) { return fmt::format("{}{}.weight", root, name); };
  ModelSources s;
  s.embedding = full(n.embedding);
  if (spec.embedding.learned_positions > 0) s.positions = full(n.positions);
  if (spec.embedding.token_type) s.token_type = full(n.token_type);
  if (spec.embedding.features != spec.hidden_size) {
    s.project_in = LinearSource{.rows = {{.tensor = full(n.project_in), .rows = spec.hidden_size}}};
    s.project_out = LinearSource{.rows = {{.tensor = full(n.project_out), .rows = spec.embedding.features}}};
  }
  s.embedding_norm = outer_norm(layout, root, n.embedding_norm, spec.embedding.norm, spec.hidden_size);
  s.output_norm = outer_norm(layout, root, n.output_norm, spec.output_norm, spec.hidden_size);
  if (spec.has_head && !layout.tied) s.head = fmt::format("{}.weight", n.head);
  s.head_bias = spec.has_head && layout.head_bias;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    std::string prefix(n.layer);
    prefix.replace(prefix.find("{}"), 2, std::to_string(i));
    s.layers.push_back(LayerSourceMaker(spec, spec.layers[i], layout, root + prefix).make());
  }
  return s;
}

}  // namespace loci
