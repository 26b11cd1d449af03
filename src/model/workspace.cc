#include "model/workspace.h"

#include <algorithm>
#include <array>

namespace loci {
namespace {

/// Floats a row of each buffer, in the order of the struct; the last two are per logits row.
std::array<std::size_t, 10> row_widths(const ModelSpec& spec) {
  std::size_t query_key_value = 0, attended = 0, intermediate = 0;
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec& a = layer.attention;
    query_key_value =
        std::max(query_key_value, static_cast<std::size_t>(a.query_features() + 2 * a.kv_features()));
    attended = std::max(attended, static_cast<std::size_t>(a.query_features()));
    intermediate = std::max(intermediate, static_cast<std::size_t>(layer.intermediate_size));
  }
  const auto hidden = static_cast<std::size_t>(spec.hidden_size);
  const std::size_t angles = spec.rope.inverse_frequencies.size();
  return {hidden,       hidden, query_key_value, attended, 2 * intermediate,
          intermediate, angles, angles,          hidden,   static_cast<std::size_t>(spec.vocab_size)};
}

}  // namespace

Workspace::Workspace(const ModelSpec& spec, WorkspaceLimits l) : limits(l) {
  const auto widths = row_widths(spec);
  const std::array buffers{&hidden, &normed, &query_key_value, &attended, &gate_up, &activated,
                           &cos,    &sin,    &last_hidden,     &logits};
  for (std::size_t i = 0; i < buffers.size(); ++i)
    buffers[i]->resize(widths[i] * static_cast<std::size_t>(i < 8 ? limits.rows : limits.logits_rows));
}

std::size_t Workspace::bytes_for(const ModelSpec& spec, WorkspaceLimits limits) {
  const auto widths = row_widths(spec);
  std::size_t floats = 0;
  for (std::size_t i = 0; i < widths.size(); ++i)
    floats += widths[i] * static_cast<std::size_t>(i < 8 ? limits.rows : limits.logits_rows);
  return floats * sizeof(float);
}

}  // namespace loci
