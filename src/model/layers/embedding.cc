#include "model/layers/layers.h"

namespace loci {
namespace {

void add_positions(const LayerContext& c, const Weights& weights) {
  Workspace& w = c.workspace;
  const int rows = c.batch.rows(), hidden = c.spec.hidden_size;
  for (std::size_t i = 0; i < c.batch.positions.size(); ++i)
    w.position_rows[i] = static_cast<TokenId>(c.batch.positions[i] + c.spec.embedding.position_offset);
  c.ops.embed({weights.positions, w.position_rows.data(), rows, w.branch.data()}, c.pool);
  c.ops.add({w.hidden.data(), w.branch.data(), rows, hidden, hidden, 1.0f}, c.pool);
}

}  // namespace

void embed_tokens(const LayerContext& c, const Weights& weights) {
  Workspace& w = c.workspace;
  const EmbeddingSpec& spec = c.spec.embedding;
  const int rows = c.batch.rows(), hidden = c.spec.hidden_size;
  const bool projected = spec.features != hidden;
  float* embedded = projected ? w.embedded.data() : w.hidden.data();
  c.ops.embed({weights.embedding, c.batch.tokens.data(), rows, embedded}, c.pool);
  if (spec.scale != 1) c.ops.scale({embedded, rows, spec.features, spec.features, spec.scale}, c.pool);
  if (projected)
    apply_linear(c, weights.project_in, {embedded, w.quantized.data()}, rows, w.hidden.data(),
                 kernels::MatmulOutput::kStore);
  if (spec.learned_positions > 0) add_positions(c, weights);
  if (spec.token_type) c.ops.add({w.hidden.data(), weights.token_type.data(), rows, hidden, 0, 1.0f}, c.pool);
  apply_norm(c, spec.norm, weights.embedding_norm, w.hidden.data(), rows, w.hidden.data());
}

}  // namespace loci
