#include "model/workspace.h"

#include <algorithm>

namespace loci {
namespace {

bool adds_apart(const ModelSpec& spec) {
  const auto post_norm = [](const LayerSpec& l) {
    return l.attention_post_norm.present || l.mlp_post_norm.present;
  };
  return spec.residual_scale != 1 || spec.embedding.learned_positions > 0 ||
         std::ranges::any_of(spec.layers, post_norm);
}

bool normalizes_twice(const ModelSpec& spec) {
  return std::ranges::any_of(spec.layers,
                             [](const LayerSpec& l) { return l.parallel && l.mlp_norm.present; });
}

/// Calls visit(buffer, elements) for each float buffer of `w`.
template <class W, class Visit>
void for_each_buffer(W& w, const ModelSpec& spec, const WorkspaceLimits& limits, Visit visit) {
  std::size_t query_key_value = 0, attended = 0, gate_up = 0, activated = 0;
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec& a = layer.attention;
    const auto inner = static_cast<std::size_t>(layer.mlp.intermediate_size);
    query_key_value =
        std::max(query_key_value, static_cast<std::size_t>(a.query_features() + 2 * a.kv_features()));
    attended = std::max(attended, static_cast<std::size_t>(a.query_features()));
    gate_up = std::max(
        gate_up, layer.mlp.gated ? static_cast<std::size_t>(kernels::gated_width(layer.mlp.intermediate_size))
                                 : inner);
    activated = std::max(activated, inner);
  }
  const auto rows = static_cast<std::size_t>(limits.rows),
             logits_rows = static_cast<std::size_t>(limits.logits_rows);
  const auto hidden = static_cast<std::size_t>(spec.hidden_size);
  const auto features = static_cast<std::size_t>(spec.embedding.features);
  visit(w.hidden, rows * hidden);
  visit(w.normed, rows * hidden);
  visit(w.mlp_normed, normalizes_twice(spec) ? rows * hidden : 0);
  visit(w.branch, adds_apart(spec) ? rows * hidden : 0);
  visit(w.embedded, features != hidden ? rows * features : 0);
  visit(w.query_key_value, rows * query_key_value);
  visit(w.attended, rows * attended);
  visit(w.gate_up, rows * gate_up);
  visit(w.activated, rows * activated);
  visit(w.last_hidden, logits_rows * hidden);
  visit(w.projected, features != hidden ? logits_rows * features : 0);
  visit(w.logits, spec.has_head ? logits_rows * static_cast<std::size_t>(spec.vocab_size) : 0);
}

std::size_t blocks_for(int columns, int rows) {
  // Half of two blocks and more is enough for rows of one scale each, and the rest for the scales.
  const int blocks = std::max(2, (columns + kernels::kQuantizedColumns - 1) / kernels::kQuantizedColumns);
  return static_cast<std::size_t>(blocks) * static_cast<std::size_t>(rows);
}

/// Calls visit(buffer, blocks) for each buffer of bytes of `w`.
template <class W, class Visit>
void for_each_bytes(W& w, const ModelSpec& spec, const WorkspaceLimits& limits, Visit visit) {
  int columns = std::max(spec.hidden_size, spec.embedding.features), inner = 0;
  for (const LayerSpec& layer : spec.layers) {
    columns = std::max(columns, layer.attention.query_features());
    inner = std::max(inner, layer.mlp.intermediate_size);
  }
  visit(w.quantized, blocks_for(columns, std::max(limits.rows, limits.logits_rows)));
  visit(w.activated_bytes, blocks_for(inner, limits.rows));
}

}  // namespace

Workspace::Workspace(const ModelSpec& spec, WorkspaceLimits l) : limits(l), angles(spec.ropes.size()) {
  for_each_buffer(*this, spec, limits,
                  [](std::vector<float>& buffer, std::size_t size) { buffer.resize(size); });
  for_each_bytes(*this, spec, limits, [](auto& buffer, std::size_t size) { buffer.resize(size); });
  const auto rows = static_cast<std::size_t>(limits.rows);
  for (std::size_t i = 0; i < angles.size(); ++i)
    for (std::vector<float>* buffer : {&angles[i].cos, &angles[i].sin})
      buffer->resize(rows * spec.ropes[i].inverse_frequencies.size());
  if (spec.embedding.learned_positions > 0) position_rows.resize(rows);
  if (!spec.causal) ends.resize(rows);
}

std::size_t Workspace::bytes_for(const ModelSpec& spec, WorkspaceLimits limits) {
  std::size_t floats = 0, blocks = 0;
  static const Workspace kNone({}, {});
  for_each_buffer(kNone, spec, limits, [&](const std::vector<float>&, std::size_t size) { floats += size; });
  for_each_bytes(kNone, spec, limits, [&](const auto&, std::size_t size) { blocks += size; });
  const auto rows = static_cast<std::size_t>(limits.rows);
  for (const RopeSpec& rope : spec.ropes) floats += 2 * rows * rope.inverse_frequencies.size();
  if (spec.embedding.learned_positions > 0) floats += rows;
  if (!spec.causal) floats += rows;
  return floats * sizeof(float) + blocks * sizeof(kernels::QuantizedBlock);
}

}  // namespace loci
