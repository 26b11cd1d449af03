// The numbers of a model, packed for the kernels. Owns them; immutable after load.
#pragma once

#include <optional>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "base/worker_pool.h"
#include "kernels/packed_matrix.h"
#include "model/spec.h"
#include "tensor/checkpoint.h"

namespace loci {

/// A linear layer: output = W input. Its rows come in parts, one after the other, because the stored matrices
/// that it is made of (query, key, value) need not be of one type; neighbours of one type are packed
/// together.
struct Linear {
  std::vector<kernels::PackedMatrix> parts;
  int rows = 0;
};

struct LayerWeights {
  std::vector<float> attention_norm, mlp_norm;  // [hidden]
  Linear query_key_value;   // rows: heads, then key heads, then value heads, each * head_dim
  Linear attention_output;  // [hidden] <- [heads * head_dim]
  Linear gate_up;           // rows: gate, then up
  Linear down;              // [hidden] <- [intermediate]
};

struct Weights {
  kernels::PackedMatrix embedding;  // [vocab][hidden]
  kernels::PackedMatrix head;       // [vocab][hidden]; the embedding itself where tied
  std::vector<float> output_norm;   // [hidden]
  std::vector<LayerWeights> layers;
  std::vector<Arena> storage;  // what the matrices point into
};

/// Packs a checkpoint's tensors, each of them released as soon as it is packed, so that the peak is the
/// packed size and one stored tensor. `dtype` converts the float matrices; quantized ones stay as they are.
/// kCorrupt naming the tensor that is missing or has another shape than the plan says.
Result<Weights> load_weights(const Checkpoint& checkpoint, const ModelPlan& plan, std::optional<DType> dtype,
                             WorkerPool& pool);

/// Bytes of the packed matrices and the norms.
std::size_t weight_bytes(const Weights& weights);

/// The type that most of the matrices' bytes have.
DType main_dtype(const Weights& weights);

}  // namespace loci
