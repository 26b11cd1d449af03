// How a checkpoint is put together; the public face is checkpoint.h. One reader opens one checkpoint and is
// done.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tensor/checkpoint.h"

namespace loci {

struct CheckpointReader {
  Checkpoint checkpoint;

  /// A .gguf file; all parts of a split one, of which `file` must be the first.  (checkpoint_gguf.cc)
  Result<> open_gguf(const std::filesystem::path& file);
  /// The only GGUF model among the folder's files.  (checkpoint_gguf.cc)
  Result<> open_gguf_folder(const std::filesystem::path& folder);
  Result<> add_gguf_image(std::span<const std::byte> image);
  /// A Hugging Face folder.  (checkpoint_hf.cc)
  Result<> open_hf(const std::filesystem::path& folder);

  /// Maps a file and keeps the mapping in the checkpoint.
  Result<std::span<const std::byte>> map(const std::filesystem::path& file);
  /// Takes the tensors of `file`; a name that is there already is an error.
  Result<> add_tensors(std::vector<Tensor> tensors, const std::filesystem::path& file);

 private:
  Result<> add_gguf_part(const std::filesystem::path& file, int part, int parts);
  Result<> check_split_total(const std::filesystem::path& first) const;
  Result<> read_hf_texts(const std::filesystem::path& folder);
  Result<> read_chat_template(const std::filesystem::path& folder);
  Result<> add_indexed_safetensors(const std::filesystem::path& index);
  Result<> add_safetensors(const std::filesystem::path& file);
  Result<> add_hf_tensors(const std::filesystem::path& folder);
  Result<> collect_quantized(const std::filesystem::path& folder);
};

/// The regular files of `folder` (links followed) whose names end in `extension`, sorted by name.
Result<std::vector<std::filesystem::path>> files_with_extension(const std::filesystem::path& folder,
                                                                std::string_view extension);

/// The name of a GGUF file without ".gguf" and, for a part of a split model, without "-00001-of-00003".
struct GgufFileName {
  std::string stem;
  int part = 1, parts = 1;  // counted from 1
};
GgufFileName parse_gguf_file_name(const std::filesystem::path& file);

}  // namespace loci
