// Where a model's numbers lie in its checkpoint, and in what order. model/layout.cc writes it, weights.cc
// reads it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/spec.h"

namespace loci {

/// The order of the rows inside each head.
enum class RowOrder {
  kAsStored,
  kInterleavedPairs,  // stored for RoPE on neighbours (0, d/2, 1, d/2 + 1, ...): Cohere; GGUF's "llama"
};

/// A run of rows of a stored matrix, or of elements of a stored vector. Heads of `head_dim` rows may be
/// stored in groups, as where queries, keys and values of a head are neighbours: row (head, i) of the source
/// is stored row first + head / group_heads * group_stride + head % group_heads * head_dim + i.
struct RowSource {
  std::string tensor;
  int rows = 0;
  int stored_rows = 0;  // of the whole tensor; 0: rows
  int first = 0;
  int head_dim = 0;  // 0: rows lie one after the other, from `first`
  int group_heads = 1, group_stride = 0;
  RowOrder order = RowOrder::kAsStored;
  int rotary_dim = 0;  // the first dimensions of a head, which `order` is about

  int stored_row(int row) const;
};

using VectorSource = std::vector<RowSource>;  // elements one after the other

/// A linear layer: output rows one after the other.
struct LinearSource {
  std::vector<RowSource> rows;
  bool transposed = false;  // stored [inputs][outputs] (GPT-2's Conv1D)
  bool bias = false;        // each tensor "x.weight" has an "x.bias"
  bool in_turns = false;    // of two runs of rows 16 each by turns, as a gated MLP computes them
};

/// What a normalization's weight is made of; no source with a present NormSpec means weights of 1.
struct NormSource {
  VectorSource weight;
  bool bias = false;
  float add = 0;  // to each weight (Gemma stores weight - 1)
};

struct LayerSources {
  NormSource attention_norm, mlp_norm, attention_post_norm, mlp_post_norm, attention_stream_norm,
      mlp_stream_norm;
  NormSource query_norm, key_norm;
  LinearSource query_key_value, attention_output, gate_up, down;
};

struct ModelSources {
  std::string embedding;
  std::optional<std::string> positions, token_type, head;  // no head: tied to the embedding
  std::optional<LinearSource> project_in, project_out;
  bool head_bias = false;
  NormSource embedding_norm, output_norm;
  std::vector<LayerSources> layers;
};

struct ModelPlan {
  ModelSpec spec;
  ModelSources sources;
};

}  // namespace loci
