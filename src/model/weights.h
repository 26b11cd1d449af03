// The numbers of a model, packed for the kernels. Owns them; immutable after load.
#pragma once

#include <optional>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "base/worker_pool.h"
#include "kernels/packed_matrix.h"
#include "model/sources.h"
#include "tensor/checkpoint.h"

namespace loci {

/// A linear layer: output = W input + bias. Its rows come in parts, one after the other, because the stored
/// matrices that it is made of (query, key, value) need not be of one type; neighbours of one type are packed
/// together. Of a gated MLP the panels of gate and up stand in turns (kernels::gated_width), in one part or,
/// where their types differ, in two.
struct Linear {
  std::vector<kernels::PackedMatrix> parts;
  int rows = 0;             // results; of a gated MLP gated_width(intermediate)
  std::vector<float> bias;  // [rows], or empty
};

/// Of a normalization that is present; of one that is not, empty.
struct Norm {
  std::vector<float> weight, bias;  // bias may be empty
};

struct LayerWeights {
  Norm attention_norm, mlp_norm, attention_post_norm, mlp_post_norm, attention_stream_norm, mlp_stream_norm;
  Norm query_norm, key_norm;  // [heads * head_dim], [kv_heads * head_dim]
  Linear query_key_value;     // rows: heads, then key heads, then value heads, each * head_dim
  Linear attention_output;    // [hidden] <- [heads * head_dim]
  Linear gate_up;             // rows: gate and up in turns; without a gate up alone
  Linear down;                // [hidden] <- [intermediate]
};

struct Weights {
  kernels::PackedMatrix embedding;  // [vocab][embedding features]
  kernels::PackedMatrix positions;  // [positions][hidden]; no rows where there are none
  std::vector<float> token_type;    // [hidden]
  Norm embedding_norm, output_norm;
  Linear project_in, project_out;  // between embedding features and hidden, where they differ
  kernels::PackedMatrix head;      // [vocab][embedding features]; the embedding itself where tied
  std::vector<float> head_bias;    // [vocab], or empty
  std::vector<LayerWeights> layers;
  std::vector<Arena> storage;  // what the matrices point into
};

/// Packs a checkpoint's tensors, each of them released as soon as it is packed, so that the peak is the
/// packed size and one stored tensor. `dtype` converts the float matrices; quantized ones stay as they are.
/// kCorrupt naming the tensor that is missing or has another shape than the plan says, or the bias that is
/// there although the plan has none.
Result<Weights> load_weights(const Checkpoint& checkpoint, const ModelPlan& plan, std::optional<DType> dtype,
                             WorkerPool& pool);

/// Bytes of the packed matrices, the norms and the biases.
std::size_t weight_bytes(const Weights& weights);

/// The type that most of the matrices' bytes have.
DType main_dtype(const Weights& weights);

}  // namespace loci
