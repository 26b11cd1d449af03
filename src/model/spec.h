// Architecture as data: what a model computes, without its numbers. A family (model/families/) fills it from
// a checkpoint; the forward pass, the memory plan and the schedulers read it.
#pragma once

#include <string>
#include <vector>

#include "kernels/ops.h"

namespace loci {

/// A normalization, or none (absent: the value passes).
struct NormSpec {
  bool present = false;
  kernels::NormKind kind = kernels::NormKind::kRms;
  float epsilon = 0;
};

struct RopeSpec {
  int rotary_dim = 0;  // dimensions of a head that rotate, even
  std::vector<float>
      inverse_frequencies;  // [rotary_dim / 2], all scaling applied: angle = position * inverse_frequency
  float magnitude = 1;      // of cos and sin (YaRN's and LongRoPE's attention factor)
  double reach = 0;  // positions that the scaling was made for, where it says so (YaRN, NTK); 0: it does not
};

enum class HeadNorm { kNone, kEachHead, kWholeRow };  // of queries and keys, before they rotate

struct AttentionSpec {
  int heads = 0, kv_heads = 0, head_dim = 0;  // heads is a multiple of kv_heads (grouped-query attention)
  float scale = 0;                            // of the scores, before the softmax
  int rope = -1;                              // index into ModelSpec::ropes; -1: positions do not rotate
  int window = 0;                             // positions that a token sees, itself among them; 0: all
  float softcap = 0;                          // of the scores; 0: none
  float clip = 0;                             // queries, keys and values are clipped to [-clip, clip]; 0: not
  HeadNorm head_norm = HeadNorm::kNone;
  NormSpec query_key_norm{};

  int query_features() const { return heads * head_dim; }
  int kv_features() const { return kv_heads * head_dim; }
};

struct MlpSpec {
  int intermediate_size = 0;
  kernels::Activation activation = kernels::Activation::kSilu;
  bool gated = true;
};

/// A layer: attention and MLP, each  x = stream_norm(x + scale * post_norm(f(norm(x)))).
/// Parallel: x += attention(norm_1(x)) + mlp(norm_2(x)), where an absent norm_2 means norm_1.
struct LayerSpec {
  AttentionSpec attention{};
  MlpSpec mlp{};
  bool parallel = false;
  NormSpec attention_norm{}, mlp_norm{};                // before (pre-LN)
  NormSpec attention_post_norm{}, mlp_post_norm{};      // of what is added (Gemma 2, OLMo 2)
  NormSpec attention_stream_norm{}, mlp_stream_norm{};  // of the sum (post-LN: BERT)
};

struct EmbeddingSpec {
  int features = 0;           // of the table; where they are not hidden_size, projections lie between
  float scale = 1;            // Gemma: sqrt(hidden), Granite: its multiplier
  int learned_positions = 0;  // rows of the position table; 0: none
  int position_offset = 0;    // its row of position 0 (OPT: 2)
  bool token_type = false;    // BERT: row 0 of a table is added to each token
  NormSpec norm;
};

struct ModelSpec {
  std::string family;        // "llama"
  std::string architecture;  // as the checkpoint calls itself: "LlamaForCausalLM", "llama"
  int vocab_size = 0;        // 0 outputs: see has_head
  int hidden_size = 0;
  int context_length = 0;  // positions that the model was made for
  bool causal = true;      // false: every token sees the whole sequence (encoders)
  bool has_head = true;    // false: no next-token distribution (encoders)
  EmbeddingSpec embedding;
  std::vector<RopeSpec> ropes;
  std::vector<float> alibi_slopes;  // [heads], of all layers; empty: none
  std::vector<LayerSpec> layers;
  float residual_scale = 1;  // of what a layer adds
  NormSpec output_norm;
  float logit_scale = 1;
  float logit_softcap = 0;  // 0: none
};

}  // namespace loci
