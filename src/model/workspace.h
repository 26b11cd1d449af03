// The activations of one step: scratch memory that the forward pass writes and nobody keeps. Allocated once.
#pragma once

#include <cstddef>
#include <vector>

#include "base/ids.h"
#include "kernels/quantized_rows.h"
#include "model/spec.h"

namespace loci {

struct WorkspaceLimits {
  int rows = 0;         // largest batch
  int logits_rows = 0;  // most distributions in one step
};

struct Workspace {
  Workspace(const ModelSpec& spec, WorkspaceLimits limits);

  struct Angles {
    std::vector<float> cos, sin;  // [rows][rotary_dim / 2]
  };

  WorkspaceLimits limits;
  std::vector<float> hidden;      // [rows][hidden]: the residual stream; behind the last layer its output
  std::vector<float> normed;      // [rows][hidden]
  std::vector<float> mlp_normed;  // [rows][hidden], where attention and MLP are parallel
  std::vector<float> branch;      // [rows][hidden], where what is added is computed apart
  std::vector<float> embedded;    // [rows][embedding features], where they are not hidden
  std::vector<float> query_key_value;                    // [rows][query + 2 * kv features]
  std::vector<float> attended;                           // [rows][query features]
  std::vector<float> gate_up;                            // [rows][intermediate, or gated_width(intermediate)]
  std::vector<float> activated;                          // [rows][intermediate]
  std::vector<kernels::QuantizedBlock> quantized;        // [columns / 32][rows]: a matrix's inputs as bytes
  std::vector<kernels::QuantizedBlock> activated_bytes;  // [intermediate / 32][rows]
  std::vector<Angles> angles;                            // of each of the model's ropes
  std::vector<TokenId> position_rows;                    // [rows], where positions are learned
  std::vector<int> ends;                                 // [rows], where attention is not causal
  std::vector<float> last_hidden;                        // [logits_rows][hidden]
  std::vector<float> projected;  // [logits_rows][embedding features], where they are not hidden
  std::vector<float> logits;     // [logits_rows][vocab]

  /// [state_rows][hidden]: behind the last layer nobody needs what was normed for it.
  float* states() { return normed.data(); }

  static std::size_t bytes_for(const ModelSpec& spec, WorkspaceLimits limits);
};

}  // namespace loci
