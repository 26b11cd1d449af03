// Llama models with random weights, made for a test: in memory or as a file of any size.
#pragma once

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tensor/gguf_writer.h"

namespace loci::testing {

struct TinyModelShape {
  int layers = 2, hidden = 32, intermediate = 48, heads = 4, kv_heads = 2, context = 128;
  DType dtype = DType::kF32;                                 // of the matrices; F32 or F16
  std::vector<std::string> text_tokens{}, special_tokens{};  // behind the vocabulary

  int vocabulary() const;
};

inline constexpr int kTinyVocabulary = 259;  // <unk>, <s>, </s> and the 256 bytes

inline int TinyModelShape::vocabulary() const {
  return kTinyVocabulary + static_cast<int>(text_tokens.size() + special_tokens.size());
}

/// Small numbers of either sign, a function of the tensor's name alone.
inline GgufWriter::Fill random_values(const std::string& name, DType dtype) {
  return [name, dtype](std::span<std::byte> bytes) {
    std::minstd_rand random(static_cast<unsigned>(std::hash<std::string>{}(name)));
    if (dtype == DType::kF16) {
      for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        const auto half = static_cast<std::uint16_t>(0x2800 | (random() & 0x83ff));  // +-(0.03 to 0.06)
        std::memcpy(&bytes[i], &half, sizeof half);
      }
      return;
    }
    for (std::size_t i = 0; i + 3 < bytes.size(); i += 4) {
      const float value = static_cast<float>(random() % 2001) / 10000.0f - 0.1f;
      std::memcpy(&bytes[i], &value, sizeof value);
    }
  };
}

inline GgufWriter::Fill ones() {
  return [](std::span<std::byte> bytes) {
    const float one = 1;
    for (std::size_t i = 0; i < bytes.size(); i += 4) std::memcpy(&bytes[i], &one, sizeof one);
  };
}

/// A tokenizer whose tokens are bytes, and those of the shape.
inline void set_byte_tokenizer(GgufWriter& writer, const TinyModelShape& shape) {
  std::vector<std::string> names{"<unk>", "<s>", "</s>"};
  for (int byte = 0; byte < 256; ++byte) names.push_back(fmt::format("<0x{:02X}>", byte));
  names.insert(names.end(), shape.text_tokens.begin(), shape.text_tokens.end());
  names.insert(names.end(), shape.special_tokens.begin(), shape.special_tokens.end());
  std::vector<std::int64_t> types{2, 3, 3};
  types.resize(kTinyVocabulary, 6);
  types.resize(kTinyVocabulary + shape.text_tokens.size(), 1);
  types.resize(names.size(), 3);
  writer.set("tokenizer.ggml.model", "llama");
  writer.set("tokenizer.ggml.tokens", GgufValue(std::vector<std::string_view>(names.begin(), names.end())));
  writer.set("tokenizer.ggml.scores", GgufValue(std::vector<double>(names.size(), 0.0)));
  writer.set("tokenizer.ggml.token_type", GgufValue(types));
  writer.set("tokenizer.ggml.bos_token_id", GgufValue(std::int64_t{1}));
  writer.set("tokenizer.ggml.eos_token_id", GgufValue(std::int64_t{2}));
  writer.set("tokenizer.ggml.add_space_prefix", GgufValue(false));
}

inline void set_llama_keys(GgufWriter& writer, const TinyModelShape& shape) {
  writer.set("general.architecture", "llama");
  const auto set = [&](const char* key, int value) {
    writer.set(std::string("llama.") + key, GgufValue(std::int64_t{value}));
  };
  set("block_count", shape.layers);
  set("context_length", shape.context);
  set("embedding_length", shape.hidden);
  set("feed_forward_length", shape.intermediate);
  set("attention.head_count", shape.heads);
  set("attention.head_count_kv", shape.kv_heads);
  writer.set("llama.attention.layer_norm_rms_epsilon", GgufValue(1e-5));
}

struct TinyTensor {
  std::string name;
  std::vector<std::size_t> shape;
};

/// The tensors of the model, matrices and norms (of one extent).
inline std::vector<TinyTensor> tiny_tensors(const TinyModelShape& s) {
  const auto hidden = static_cast<std::size_t>(s.hidden), inner = static_cast<std::size_t>(s.intermediate);
  const std::size_t kv = hidden / static_cast<std::size_t>(s.heads) * static_cast<std::size_t>(s.kv_heads);
  std::vector<TinyTensor> tensors{{"token_embd.weight", {static_cast<std::size_t>(s.vocabulary()), hidden}},
                                  {"output_norm.weight", {hidden}}};
  for (int i = 0; i < s.layers; ++i) {
    const std::string prefix = fmt::format("blk.{}.", i);
    const auto add = [&](const char* name, std::vector<std::size_t> shape) {
      tensors.push_back({prefix + name + ".weight", std::move(shape)});
    };
    add("attn_norm", {hidden}), add("ffn_norm", {hidden});
    add("attn_q", {hidden, hidden}), add("attn_k", {kv, hidden}), add("attn_v", {kv, hidden}),
        add("attn_output", {hidden, hidden});
    add("ffn_gate", {inner, hidden}), add("ffn_up", {inner, hidden}), add("ffn_down", {hidden, inner});
  }
  return tensors;
}

inline Result<> add_tensor(GgufWriter& writer, const TinyTensor& tensor, DType matrix_dtype) {
  const bool is_norm = tensor.shape.size() == 1;
  const DType dtype = is_norm ? DType::kF32 : matrix_dtype;
  return writer.add(tensor.name, dtype, tensor.shape, is_norm ? ones() : random_values(tensor.name, dtype));
}

/// A whole model that serves.
inline GgufWriter tiny_model(const TinyModelShape& shape = {}) {
  GgufWriter writer;
  set_llama_keys(writer, shape);
  set_byte_tokenizer(writer, shape);
  for (const TinyTensor& tensor : tiny_tensors(shape)) (void)add_tensor(writer, tensor, shape.dtype);
  return writer;
}

}  // namespace loci::testing
