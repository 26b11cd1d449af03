// How checkpoints lay a model out: the names of their tensors and what is stored fused, transposed or
// reordered. make_sources() turns a spec and a layout into the place of every number.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/sources.h"
#include "tensor/checkpoint.h"

namespace loci {

/// Names without ".weight"; those of a layer follow `layer`, in which "{}" is its number. All but `head`
/// follow the root. Empty: the family has no such tensor.
struct TensorNames {
  std::string_view embedding = "embed_tokens", positions = {}, token_type = {}, embedding_norm = {};
  std::string_view project_in = {}, project_out = {}, output_norm = "norm", head = "lm_head";
  std::string_view layer = "layers.{}.";
  std::string_view attention_norm = "input_layernorm", query = "self_attn.q_proj", key = "self_attn.k_proj",
                   value = "self_attn.v_proj", query_key_value = {}, attention_output = "self_attn.o_proj";
  std::string_view query_norm = "self_attn.q_norm", key_norm = "self_attn.k_norm";
  std::string_view attention_post_norm = {}, attention_stream_norm = {};
  std::string_view mlp_norm = "post_attention_layernorm", gate = "mlp.gate_proj", up = "mlp.up_proj",
                   gate_up = {}, down = "mlp.down_proj", mlp_post_norm = {}, mlp_stream_norm = {};
};

/// GGUF has one set of names for all architectures.
extern const TensorNames kGgufNames;

enum class FusedOrder {
  kSeparate,  // three matrices
  kBlocks,    // one: all queries, all keys, all values
  kGroups,    // one: of each key/value head its queries, its key, its value
};

struct StoredLayout {
  TensorNames names;
  std::vector<std::string_view> roots = {"model.", ""};  // the first under which the embedding is found
  FusedOrder query_key_value = FusedOrder::kSeparate;
  bool fused_gate_up = false;
  bool transposed = false;  // linear layers [inputs][outputs]
  RowOrder rotary_rows = RowOrder::kAsStored;
  float norm_add = 0;        // to every norm's weight
  bool norm_weights = true;  // false: norms without parameters
  bool norm_bias = false;
  bool head_norm_bias = false;
  bool head_norm_per_head = false;  // each head its own weights, stacked [heads][head_dim]
  bool head_norm_split = false;     // ... each in a tensor "norms.{h}"
  bool query_key_value_bias = false, attention_output_bias = false, up_bias = false, down_bias = false;
  bool head_bias = false;
  bool tied = false;  // the head is the embedding
};

/// Errors: kCorrupt where no root fits.
Result<ModelSources> make_sources(const Checkpoint& checkpoint, const ModelSpec& spec,
                                  const StoredLayout& layout);

}  // namespace loci
