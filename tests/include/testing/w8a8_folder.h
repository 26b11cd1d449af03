// A Llama model of a GGUF file as a folder of compressed-tensors: its matrices as signed bytes with a scale a
// row, to be multiplied with activations of a scale a token. As llm-compressor writes "W8A8".
#pragma once

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "tensor/checkpoint.h"
#include "tensor/formats/convert.h"
#include "testing/safetensors_file.h"

namespace loci::testing {

class W8A8Folder {
 public:
  W8A8Folder(const Checkpoint& gguf, const std::filesystem::path& folder) : gguf_(gguf) {
    std::filesystem::create_directories(folder);
    add_floats("token_embd", "model.embed_tokens");
    add_floats("output_norm", "model.norm");
    for (int i = 0; i < static_cast<int>(key("block_count")); ++i) add_layer(i);
    write_safetensors(folder / "model.safetensors", entries_);
    std::ofstream(folder / "config.json") << config();
  }

 private:
  static constexpr std::string_view kScheme = R"({"quant_method": "compressed-tensors",
    "format": "int-quantized", "ignore": ["lm_head"], "config_groups": {"group_0": {"targets": ["Linear"],
    "weights": {"num_bits": 8, "type": "int", "symmetric": true, "strategy": "channel", "dynamic": false},
    "input_activations": {"num_bits": 8, "type": "int", "symmetric": true, "strategy": "token",
      "dynamic": true}}}})";

  template <class T = std::int64_t>
  T key(const std::string& name) const {
    return gguf_.gguf().get<T>("llama." + name).value();
  }

  std::string config() const {
    return fmt::format(
        R"({{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": {},
  "intermediate_size": {}, "num_hidden_layers": {}, "num_attention_heads": {}, "num_key_value_heads": {},
  "vocab_size": {}, "rms_norm_eps": {}, "max_position_embeddings": {}, "rope_theta": {},
  "tie_word_embeddings": true, "quantization_config": {}}})",
        key("embedding_length"), key("feed_forward_length"), key("block_count"), key("attention.head_count"),
        key("attention.head_count_kv"), gguf_.find("token_embd.weight")->rows(),
        key<double>("attention.layer_norm_rms_epsilon"), key("context_length"), key<double>("rope.freq_base"),
        kScheme);
  }

  void add_layer(int i) {
    const std::string from = fmt::format("blk.{}.", i), to = fmt::format("model.layers.{}.", i);
    add_floats(from + "attn_norm", to + "input_layernorm");
    add_floats(from + "ffn_norm", to + "post_attention_layernorm");
    add_bytes(from + "attn_q", to + "self_attn.q_proj", key("attention.head_count"));
    add_bytes(from + "attn_k", to + "self_attn.k_proj", key("attention.head_count_kv"));
    add_bytes(from + "attn_v", to + "self_attn.v_proj");
    add_bytes(from + "attn_output", to + "self_attn.o_proj");
    add_bytes(from + "ffn_gate", to + "mlp.gate_proj");
    add_bytes(from + "ffn_up", to + "mlp.up_proj");
    add_bytes(from + "ffn_down", to + "mlp.down_proj");
  }

  std::vector<float> values(const Tensor& tensor) const {
    std::vector<float> floats(tensor.elements());
    const std::size_t columns = tensor.columns(), bytes = row_bytes(tensor.dtype, columns);
    for (std::size_t r = 0; r < tensor.rows(); ++r)
      dequantize_row(tensor.dtype, tensor.bytes.data() + r * bytes, columns, floats.data() + r * columns);
    return floats;
  }

  template <class T>
  void add(std::string name, const char* dtype, std::vector<std::size_t> shape, const std::vector<T>& what) {
    const auto bytes = std::as_bytes(std::span(what));
    entries_.push_back({std::move(name), dtype, std::move(shape), {bytes.begin(), bytes.end()}});
  }
  void add_floats(const std::string& from, const std::string& to) {
    const Tensor& tensor = *gguf_.find(from + ".weight");
    add(to + ".weight", "F32", tensor.shape, values(tensor));
  }

  /// GGUF has the rows of `heads` heads for rotating neighbours: dimensions 0, d / 2, 1, d / 2 + 1, ...
  void add_bytes(const std::string& from, const std::string& to, std::int64_t heads = 0) {
    const Tensor& tensor = *gguf_.find(from + ".weight");
    const std::vector<float> floats = values(tensor);
    const std::size_t rows = tensor.rows(), columns = tensor.columns();
    const std::size_t dim = heads > 0 ? rows / static_cast<std::size_t>(heads) : 0;
    std::vector<std::int8_t> codes(rows * columns);
    std::vector<float> scales(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t i = dim > 0 ? r % dim : 0;
      const std::size_t stored = dim > 0 ? r - i + (i < dim / 2 ? 2 * i : 2 * (i - dim / 2) + 1) : r;
      const std::span row(floats.data() + stored * columns, columns);
      float largest = 0;
      for (const float x : row) largest = std::max(largest, std::fabs(x));
      scales[r] = largest / 127;
      for (std::size_t c = 0; c < columns; ++c)
        codes[r * columns + c] = static_cast<std::int8_t>(std::lround(row[c] / scales[r]));
    }
    add(to + ".weight", "I8", tensor.shape, codes);
    add(to + ".weight_scale", "F32", {rows, 1}, scales);
  }

  const Checkpoint& gguf_;
  std::vector<SafetensorsEntry> entries_;
};

}  // namespace loci::testing
