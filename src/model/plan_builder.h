// What the families share: each starts from the skeleton of a decoder and changes what is its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/layout.h"
#include "model/model_config.h"
#include "model/rope_config.h"
#include "model/spec.h"

namespace loci {

struct PlanOptions {
  int served_context = 0;  // positions that will be served; 0: as many as the model has
};

/// A plan in the making. Configuration keys are Hugging Face's standard ones (model_config.h).
struct PlanBuilder {
  PlanBuilder(const Checkpoint& checkpoint, PlanOptions options);

  const Checkpoint& checkpoint;
  PlanOptions options;
  ModelConfig config;
  ModelSpec spec;
  StoredLayout layout;

  bool is_gguf() const { return config.is_gguf(); }
  bool is(std::string_view architecture) const { return architecture == spec.architecture; }

  /// Llama's skeleton: sizes, RMSNorm before attention and MLP and at the end, RoPE, gated SiLU, separate
  /// matrices.
  Result<> llama();
  /// Sizes of a pre-norm decoder, with LayerNorm (weights and biases) instead, no RoPE, a plain MLP, biases
  /// in all linear layers.
  Result<> layer_norm_decoder(kernels::Activation fallback);

  // The parts that skeletons are made of.
  Result<> read_sizes();
  Result<> set_norms(kernels::NormKind kind, std::string_view epsilon_key, double fallback);
  Result<> read_activation(kernels::Activation fallback, bool gated);
  /// One RoPE for all layers; of the head's dimensions, `fraction` (or config's partial_rotary_factor)
  /// rotate.
  Result<> read_rope(double fallback_fraction = 1.0);
  /// Two of them: RoPE 0 turns the layers that see everything, RoPE 1, never scaled, those with a window.
  Result<> read_global_and_local_rope(double fallback_theta, double fallback_local_theta);
  /// Where the head lies, if there is one: a folder of an embedding model may have none.
  Result<> read_tied(bool fallback);

  /// Layers for which the configuration says so see `sliding_window` positions: `layer_types`, or else
  /// `is_sliding`. `absent` is what the window is where the key is not there (a null means that there is
  /// none).
  Result<> read_sliding_window(const std::function<bool(int)>& is_sliding, int absent = 0);
  /// `layer_types`[i] where config.json has the list.
  Result<std::vector<std::string>> layer_types() const;
  /// Norms of what attention and MLP return, instead of before them (OLMo 2).
  void norm_behind_branches();
  /// A decoder may be trained to see both ways and give embeddings (gte-Qwen2): `is_causal` is false.
  Result<> read_causal();
  void set_query_key_norm(HeadNorm kind, kernels::NormKind norm);
  void set_bias(bool query_key_value, bool attention_output, bool mlp);
  /// GGUF: what the tensors of the first layer show.
  void set_gguf_bias();
  void set_alibi(double max_bias);

  void each_layer(const std::function<void(LayerSpec&, int)>& change);
  int heads() const { return spec.layers[0].attention.heads; }
  int head_dim() const { return spec.layers[0].attention.head_dim; }
  int rotary_dim(double fraction) const { return static_cast<int>(head_dim() * fraction + 1e-6); }
  bool has_tensor(std::string_view name) const { return checkpoint.find(name) != nullptr; }

 private:
  Result<int> read_vocabulary() const;
};

}  // namespace loci
