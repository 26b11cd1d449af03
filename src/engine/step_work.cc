#include "engine/step_work.h"

#include <algorithm>

namespace loci {
namespace {

/// Positions that the rows of one sequence see together.
double positions_seen(const AttentionSpec& attention, const StepTokens& tokens) {
  double seen = 0;
  for (int position = tokens.begin; position < tokens.begin + tokens.count; ++position)
    seen += attention.window > 0 ? std::min(position + 1, attention.window) : position + 1;
  return seen;
}

/// Those whose keys and values must be read: between what the first row still sees and the last row.
double positions_read(const AttentionSpec& attention, const StepTokens& tokens) {
  const int first = attention.window > 0 ? std::max(0, tokens.begin + 1 - attention.window) : 0;
  return tokens.begin + tokens.count - first;
}

double layer_weights(const LayerSpec& layer, int hidden) {
  const AttentionSpec& attention = layer.attention;
  const double projections = 2.0 * attention.query_features() + 2.0 * attention.kv_features();
  return hidden * (projections + (layer.mlp.gated ? 3.0 : 2.0) * layer.mlp.intermediate_size);
}

/// Of the weights: an embedding that is not the head is not read as a whole.
double bytes_read(const Weights& weights, double rows) {
  const kernels::PackedMatrix& table = weights.embedding;
  auto bytes = static_cast<double>(weight_bytes(weights));
  if (table.data == weights.head.data) return bytes;
  bytes -= static_cast<double>(kernels::packed_bytes(table.dtype, table.rows, table.columns));
  return bytes + rows * static_cast<double>(row_bytes(table.dtype, static_cast<std::size_t>(table.columns)));
}

}  // namespace

kernels::Operands operands_of(const Model& model) {
  if (model.arithmetic() == Arithmetic::kFloat32) return kernels::Operands::kFloat32;
  return kernels::operands_for(model.main_dtype());
}

kernels::Work step_work(const Model& model, const KvLayout& kv, const StepTokens& tokens) {
  const ModelSpec& spec = model.spec();
  const double sequences = tokens.sequences, rows = sequences * tokens.count;
  const double head = spec.has_head ? double{1} * spec.vocab_size * spec.embedding.features : 0;
  kernels::Work work{.operations = 2 * head * sequences,
                     .bytes = bytes_read(model.weights(), rows),
                     .operands = operands_of(model)};
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const AttentionSpec& attention = spec.layers[i].attention;
    work.operations += 2 * rows * layer_weights(spec.layers[i], spec.hidden_size);
    work.operations += 4 * sequences * attention.query_features() * positions_seen(attention, tokens);
    const KvLayout layer{{kv.layers[i]}, kv.dtype, kv.block_tokens};
    work.bytes += sequences * positions_read(attention, tokens) * static_cast<double>(layer.token_bytes());
  }
  return work;
}

}  // namespace loci
