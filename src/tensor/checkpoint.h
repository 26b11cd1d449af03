// A model as it lies on disk: a GGUF file (or the first of a split one), a Hugging Face folder, or a GGUF
// image in memory. Owns the mapped files; tensors are windows on them. Immutable after open.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "tensor/gguf.h"
#include "tensor/quantized/collect.h"
#include "tensor/tensor.h"
#include "tensor/tokenizer_files.h"

namespace loci {

/// Bytes in the checkpoint's file, or their own.
struct TensorBytes {
  std::vector<std::byte> made;  // where they had to be put together
  std::span<const std::byte> bytes;
};

class Checkpoint {
 public:
  /// `path` is a .gguf file or a folder with config.json and *.safetensors (or exactly one .gguf).
  /// Errors name the file and the field at fault.
  static Result<Checkpoint> open(const std::filesystem::path& path);
  /// A GGUF image that outlives the checkpoint (the embedded model).
  static Result<Checkpoint> from_gguf_image(std::span<const std::byte> image, std::string name);

  Checkpoint(Checkpoint&&) = default;
  Checkpoint& operator=(Checkpoint&&) = default;

  const std::string& name() const { return name_; }  // folder name or file stem: the default model id
  bool is_gguf() const { return gguf_.has_value(); }

  const GgufMetadata& gguf() const { return *gguf_; }           // only if is_gguf()
  const json::object& hf_config() const { return hf_config_; }  // config.json; only if !is_gguf()

  // Texts of a Hugging Face folder; empty where the file is absent (always for GGUF).
  const TokenizerFiles& tokenizer_files() const { return tokenizer_files_; }
  const json::object& tokenizer_config() const { return tokenizer_files_.tokenizer_config; }
  const json::object& generation_config() const { return generation_config_; }  // generation_config.json
  const std::string& chat_template() const {
    return chat_template_;
  }  // chat_template.jinja, or tokenizer_config's

  const TensorMap& tensors() const { return tensors_; }
  const Tensor* find(std::string_view name) const;
  std::size_t weight_bytes() const;  // sum over tensors, as they are read

  /// The tensor's rows. A quantized weight that a Hugging Face folder stores in parts is put together here,
  /// and only as long as the result lives: kCorrupt naming the part whose values are impossible.
  Result<TensorBytes> read(const Tensor& tensor, WorkerPool& pool) const;

  /// The tensor has been read for the last time: its pages leave this process's memory.
  void release(const Tensor& tensor) const;

 private:
  Checkpoint() = default;
  void release_bytes(std::span<const std::byte> window) const;
  friend struct CheckpointReader;

  std::string name_;
  std::vector<MappedFile> files_;
  std::optional<GgufMetadata> gguf_;
  json::object hf_config_, generation_config_;
  TokenizerFiles tokenizer_files_;
  std::string chat_template_;
  TensorMap tensors_;
  PartedWeightMap parted_;  // what the tensors without bytes are made of
};

}  // namespace loci
