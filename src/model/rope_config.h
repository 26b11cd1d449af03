// RoPE as configurations describe it: `rope_theta` and `rope_scaling` of transformers 4, `rope_parameters` of
// transformers 5, `rope.*` keys and factor tensors of GGUF.
#pragma once

#include <string_view>

#include "base/error.h"
#include "model/model_config.h"
#include "model/spec.h"

namespace loci {

struct RopeQuery {
  int rotary_dim = 0;
  double default_theta = 10000;
  std::string_view layer_type = {};  // "full_attention", "sliding_attention": where the two differ. The
                                     // latter's base is `rope_local_base_freq`, and it is not scaled
  int served_context =
      0;  // positions that will be served; 0: all. Decides between LongRoPE's factors for short and
          // for long texts, once for all, so that they cannot depend on the schedule
};

/// kUnsupported naming a rope type that is none of default, linear, dynamic, yarn, llama3 and longrope (GGUF:
/// none, linear, yarn, longrope).
Result<RopeSpec> read_rope(const Checkpoint& checkpoint, const ModelConfig& config, const RopeQuery& query);

}  // namespace loci
