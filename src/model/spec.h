// Architecture as data: what a model computes, without its numbers. A family (model/families/) fills it from
// a checkpoint; the forward pass, the memory plan and the schedulers read it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace loci {

struct RopeSpec {
  int rotary_dim = 0;  // dimensions of a head that rotate, even
  std::vector<float>
      inverse_frequencies;  // [rotary_dim / 2], all scaling applied: angle = position * inverse_frequency
};

struct AttentionSpec {
  int heads = 0, kv_heads = 0, head_dim = 0;  // heads is a multiple of kv_heads (grouped-query attention)
  float scale = 0;                            // of the scores, before the softmax

  int query_features() const { return heads * head_dim; }
  int kv_features() const { return kv_heads * head_dim; }
};

struct LayerSpec {
  AttentionSpec attention;
  int intermediate_size = 0;  // features of the gated MLP
};

struct ModelSpec {
  std::string family;        // "llama"
  std::string architecture;  // as the checkpoint calls itself: "LlamaForCausalLM", "llama"
  int vocab_size = 0;
  int hidden_size = 0;
  int context_length = 0;  // positions that the model was made for
  float norm_epsilon = 0;
  RopeSpec rope;
  std::vector<LayerSpec> layers;
};

/// A run of output rows of a linear layer, taken from one stored matrix.
enum class RowOrder {
  kAsStored,
  kInterleavedPairs,  // GGUF's "llama": each head's rows are stored (0, d/2, 1, d/2 + 1, ...), for RoPE on
                      // adjacent pairs
};
struct MatrixSource {
  std::string tensor;
  int rows = 0;
  RowOrder order = RowOrder::kAsStored;
  int head_dim = 0;  // for kInterleavedPairs
};
using LinearSource = std::vector<MatrixSource>;  // outputs one after the other

/// Where the numbers of each layer are found in the checkpoint.
struct LayerSources {
  std::string attention_norm, mlp_norm;
  LinearSource query_key_value, attention_output, gate_up, down;
};
struct ModelSources {
  std::string embedding, output_norm;
  std::optional<std::string> head;  // absent: tied to the embedding
  std::vector<LayerSources> layers;
};

struct ModelPlan {
  ModelSpec spec;
  ModelSources sources;
};

}  // namespace loci
