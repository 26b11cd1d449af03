// The activations of one step: scratch memory that the forward pass writes and nobody keeps. Allocated once.
#pragma once

#include <cstddef>
#include <vector>

#include "model/spec.h"

namespace loci {

struct WorkspaceLimits {
  int rows = 0;         // largest batch
  int logits_rows = 0;  // most distributions in one step
};

struct Workspace {
  Workspace(const ModelSpec& spec, WorkspaceLimits limits);

  WorkspaceLimits limits;
  std::vector<float> hidden;           // [rows][hidden]: the residual stream
  std::vector<float> normed;           // [rows][hidden]
  std::vector<float> query_key_value;  // [rows][query + 2 * kv features]
  std::vector<float> attended;         // [rows][query features]
  std::vector<float> gate_up;          // [rows][2 * intermediate]
  std::vector<float> activated;        // [rows][intermediate]
  std::vector<float> cos, sin;         // [rows][rotary_dim / 2]
  std::vector<float> last_hidden;      // [logits_rows][hidden]
  std::vector<float> logits;           // [logits_rows][vocab]

  static std::size_t bytes_for(const ModelSpec& spec, WorkspaceLimits limits);
};

}  // namespace loci
